"""One turn of a model: asking it, its tool calls, and how many tokens it may use and has used."""
