"""Cross from the event loop to synchronous code that may ask the database.

All of ``chat`` above the models crosses here, so that there is one place to look after connections: each thread has its
own. What never asks the database, such as a read of a file, is ``asyncio.to_thread``'s.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async  # noqa: TID251 -- the one place
from django.db import close_old_connections, connections

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return ``function(*args, **kwargs)``, called in one of the event loop's threads with the caller's context."""
    return await sync_to_async(function, thread_sensitive=False)(*args, **kwargs)


class DatabaseThread:
    """One thread with a connection of its own, in which calls follow one another in their order until ``close``."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``function(*args, **kwargs)``. If it raises, a broken connection is closed for the next call."""
        try:
            return await sync_to_async(function, thread_sensitive=False, executor=self._executor)(*args, **kwargs)
        except Exception:
            await sync_to_async(close_old_connections, thread_sensitive=False, executor=self._executor)()
            raise

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await self.call(connections.close_all)
        self._executor.shutdown()
