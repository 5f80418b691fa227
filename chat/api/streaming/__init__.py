"""Server-sent events: a run's events as they come, or worked out from its rows when there is no live log."""
