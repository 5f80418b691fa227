"""What a model may use. ``functions`` are executed by the program that started the run."""
