"""A child process for each file: how the server starts it, what it may use, and the lines that it writes."""
