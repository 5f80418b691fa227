"""Files for a live server, put into its stores from outside."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.live import LiveServer

PATIENCE = 240.0  # seconds; a test that waits longer has failed

PUT = """
from pathlib import Path
from django.core.files.base import File as Content
from chat.actions.knowledge import enqueue, vector_stores
from chat.models import File, User, VectorStoreFile
from chat.models.files import keep
owner, _ = User.objects.get_or_create(username="grace")
store = vector_stores.create(owner)
for path in sorted(Path({folder!r}).iterdir()):
    row = File(owner=owner, filename=path.name, content_type="text/plain", bytes=path.stat().st_size)
    with path.open("rb") as content:
        keep(row, Content(content))
    row.save()
    VectorStoreFile.objects.create(store=store, file=row, chunking_strategy=enqueue.normalise_chunking(None))
print(store.id)
"""
ENTRIES = """
SELECT file.filename AS name, status, last_error AS error, worker,
    (SELECT COUNT(*) FROM chat_passage WHERE entry_id = entry.id) AS passages,
    (SELECT COUNT(*) FROM chat_window WHERE entry_id = entry.id) AS windows,
    (SELECT COUNT(*) FROM chat_window WHERE entry_id = entry.id AND vector IS NULL) AS bare
FROM chat_vectorstorefile AS entry JOIN chat_file AS file ON file.id = entry.file_id
WHERE store_id = ? ORDER BY entry.id
"""


def put(server: LiveServer, folder: Path) -> str:
    """Put all files of ``folder``, also those that every door would refuse, into a new store. Returns its id."""
    return server.shell(PUT.format(folder=str(folder))).strip()


def rows(server: LiveServer, query: str, *parameters: object) -> list[dict[str, Any]]:
    """What the server's database has, at a hundredth of what a command of ``manage.py`` costs."""
    with closing(sqlite3.connect(f"file:{server.data_dir}/everthread.sqlite3?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(query, parameters)]


def entries(server: LiveServer, store: str) -> list[dict[str, Any]]:
    found = rows(server, ENTRIES, store)
    return [{**row, "error": json.loads(row["error"] or "null")} for row in found]


def wait_until_read(server: LiveServer, store: str) -> list[dict[str, Any]]:
    """The entries as soon as none is in progress."""
    return _entries_once(server, store, lambda entry: entry["status"] != "in_progress")


def wait_until_emptied(server: LiveServer, store: str) -> list[dict[str, Any]]:
    """The entries as soon as no failed one has passages any more: they go a few at a time."""
    return _entries_once(server, store, lambda entry: entry["status"] != "failed" or not entry["passages"])


def _entries_once(server: LiveServer, store: str, holds: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    end = time.monotonic() + PATIENCE
    while not all(map(holds, found := entries(server, store))):
        assert time.monotonic() < end, f"not in time: {[(entry['status'], entry['passages']) for entry in found]}"
        time.sleep(0.5)
    return found
