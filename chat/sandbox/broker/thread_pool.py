"""Runs blocking work in threads, for an event loop whose tasks may be cancelled while the work goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class ThreadPool:
    """``most`` threads, which live as long as the pool: the kernel ends a child with the thread that started it."""

    def __init__(self, most: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=most, thread_name_prefix="session")

    async def run(self, work: Callable[[], T], *, stop: threading.Event | None = None) -> T:
        """Return what ``work`` returns. On cancellation set ``stop``, and wait for the end of the work all the same."""
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if stop is not None:
                stop.set()
            await asyncio.wait({running})
            if not running.cancelled():
                # Marks it as seen: asyncio would log it.
                running.exception()
            raise

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
