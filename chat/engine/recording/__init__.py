"""How a run is recorded: rows written in order, events numbered and published, text checked for citations and links."""
