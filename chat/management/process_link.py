"""The link to the other processes of this installation: Redis if there is one, else PostgreSQL, else none."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection

from chat.actions.notify import INDEXING, RUNS
from chat.engine import repair_look
from chat.engine.worker import Worker
from chat.events.bus import bus
from chat.events.link import Link
from chat.retrieval.indexing.worker import IndexingWorker
from chat.sockets.auth import ACCESS, recheck_sockets_here

HANDLERS = {
    RUNS: lambda _value: Worker.wake_all(),
    INDEXING: lambda _value: IndexingWorker.wake_all(),
    ACCESS: recheck_sockets_here,
}


def create_link() -> Link | None:
    """Return the link of the process, whose ``run`` belongs into its event loop; None if only rows are shared."""
    if settings.REDIS_URL:
        # Only where it is configured: its client takes 10 MB, and is not installed everywhere.
        from chat.events.redis_link import RedisLink

        return RedisLink(settings.REDIS_URL, bus, HANDLERS)
    if connection.vendor == "postgresql":
        from chat.events.postgres_link import ROWS, PostgresLink

        return PostgresLink(_connect_to_postgres, bus, {**HANDLERS, ROWS: repair_look.hint})
    return None


def is_alone() -> bool:
    """Return whether no other machine can work on the rows of this process, and so hardly another process does."""
    return connection.vendor == "sqlite" and not settings.REDIS_URL


async def _connect_to_postgres() -> Any:
    """Open an asynchronous connection beside Django's, which is in autocommit mode."""
    import psycopg

    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context"):  # Django's own, which are not asynchronous
        parameters.pop(name, None)
    return await psycopg.AsyncConnection.connect(**parameters, autocommit=True)
