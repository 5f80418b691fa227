"""Assistants, and the files and vector stores that their tools may use."""
