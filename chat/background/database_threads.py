"""Cross from the event loop to synchronous code that may ask the database.

All of ``chat`` above the models crosses here, and so do the requests, so that there is one place to look after
connections: each thread has its own. A connection that broke is closed before and after each call, so that the next one
opens another; on PostgreSQL every call gives its connection back. What never asks the database, such as a read of a
file, is ``asyncio.to_thread``'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async  # noqa: TID251 -- the one place
from django.db import InterfaceError, OperationalError, connections

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)
TRIES = 4  # of a read whose connection breaks
PAUSE = 0.1  # seconds before the second try; doubles


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return ``function(*args, **kwargs)``, called in one of the event loop's threads with the caller's context."""
    return await _in_default_thread(function, *args, **kwargs)


async def read_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As ``in_thread``, for a function that only reads: it is called again if its connection breaks."""
    for attempt in range(1, TRIES):
        try:
            return await in_thread(function, *args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            log.warning("the database did not answer a read (%s); trying again (%d of %d)", error, attempt, TRIES)
            await asyncio.sleep(PAUSE * 2 ** (attempt - 1))
    return await in_thread(function, *args, **kwargs)


class DatabaseThreads:
    """At most ``limit`` threads of a name, until ``close``. In a single one calls follow one another in their order."""

    def __init__(self, name: str, *, limit: int = 1) -> None:
        self._executor = ThreadPoolExecutor(max_workers=limit, thread_name_prefix=name)
        self._cross = sync_to_async(_with_usable_connections, thread_sensitive=False, executor=self._executor)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``function(*args, **kwargs)``, called in one of the threads with the caller's context."""
        return await self._cross(function, *args, **kwargs)

    async def close(self) -> None:
        """Close the connection of a single thread, and end the threads."""
        await self.call(connections.close_all)
        self._executor.shutdown()


def _with_usable_connections(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    _close_unusable()
    try:
        return function(*args, **kwargs)
    finally:
        _close_unusable()


def _close_unusable() -> None:
    for connection in connections.all(initialized_only=True):
        if connection.errors_occurred and not connection.in_atomic_block:  # Django takes SQLite's for usable always
            connection.close()
        connection.close_if_unusable_or_obsolete()


# Made once, which takes as long as a call.
_in_default_thread = sync_to_async(_with_usable_connections, thread_sensitive=False)
