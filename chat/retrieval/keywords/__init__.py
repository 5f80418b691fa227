"""The full-text indexes of passages (``index``) and of chats (``chats``), in SQLite's FTS5 or in PostgreSQL."""
