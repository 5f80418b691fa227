"""The full-text index of passages, in SQLite's FTS5 or in PostgreSQL."""
