"""Blocking work in threads, for an event loop whose tasks may be cancelled while the work goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """``most`` at once. They live as long as this: the kernel ends a child with the thread that started it."""

    def __init__(self, most: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=most, thread_name_prefix="session")

    async def do(self, work: Callable[[], T], *, stop: threading.Event | None = None) -> T:
        """What ``work`` returns. When the task is cancelled ``stop`` is set, and the work waited for all the same."""
        doing = asyncio.get_running_loop().run_in_executor(self._pool, work)
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            if stop is not None:
                stop.set()
            await asyncio.wait({doing})
            if not doing.cancelled():
                doing.exception()  # nobody asks for it any more
            raise

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
