"""A thread as the page lists it: questions, answers, their sources, code cells and generated files."""
