"""The record of a run: rows written in order, events numbered and published, text checked for citations and links."""
