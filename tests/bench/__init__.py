"""Measurements, each run by hand as ``python -m tests.bench.NAME``: journeys, relay, retrieval, sandbox."""
