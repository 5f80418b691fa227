"""The queue before the embedded model: a few requests run, a few wait, the rest are refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chat.errors import ModelBusy


class Slots:
    """``places`` at a time; at most ``queue`` more wait, first come, first served. For one event loop."""

    def __init__(self, places: int, *, queue: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._queue = queue
        self._waiting = 0

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[None]:
        """Wait for a place and keep it within the context. Raise ``ModelBusy`` if too many wait already."""
        if self._places.locked() and self._waiting >= self._queue:
            raise ModelBusy
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._places.release()
