"""The tools of a model: ``file_search`` and ``code_interpreter`` are ours, a program answers ``functions``."""
