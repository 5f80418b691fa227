"""Threads and workers beside the event loop.

``database_threads`` crosses from the loop to synchronous code that may ask the database. ``polling`` is the loop of
every worker: of runs, of files to be read, of what is swept each minute. ``jobs`` are Procrastinate's, on PostgreSQL.
"""
