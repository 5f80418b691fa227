"""What is done beside the worker, once a minute."""

from __future__ import annotations

import asyncio
import logging

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from chat.actions.expiry_sweep import sweep

log = logging.getLogger(__name__)
PERIOD = 60.0  # seconds


class Housekeeping:
    """Sweeps until it is stopped. A sweep that fails is logged, and the next one tries again."""

    def __init__(self, *, period: float = PERIOD) -> None:
        self.period = period
        self.stopped = asyncio.Event()

    async def run(self) -> None:
        while not self.stopped.is_set():
            try:
                await sync_to_async(swept, thread_sensitive=False)()
            except Exception:
                log.exception("the sweep of what has expired failed; the next one is due in %d s", self.period)
            try:
                await asyncio.wait_for(self.stopped.wait(), timeout=self.period)
            except TimeoutError:
                continue

    def stop(self) -> None:
        """No more sweeps after the one that may be at work."""
        self.stopped.set()


def swept() -> None:
    """A sweep whose thread does not keep a connection of its own for the minutes between."""
    try:
        sweep()
    finally:
        close_old_connections()
