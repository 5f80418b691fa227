"""The prompt of a run: the thread, cut to fit the model's context window, and the run's settings."""
