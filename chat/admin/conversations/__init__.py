"""Threads and runs, which staff may read only with a permission of its own."""
