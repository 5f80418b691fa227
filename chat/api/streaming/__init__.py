"""Server-sent events: a run's events as they come, and from its rows when there is no live log."""
