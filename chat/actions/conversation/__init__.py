"""Threads, their messages, and the runs that answer them."""
