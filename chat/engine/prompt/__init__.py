"""What a model is sent for a run: the thread, cut to fit its context window, and the run's settings."""
