"""Watches how late the event loop comes to what is due: whatever holds it up holds up every stream and page."""

from __future__ import annotations

import asyncio
import logging
import time

log = logging.getLogger(__name__)
EVERY = 0.1  # seconds between two looks
REPORT = 60.0  # seconds for which the longest delay is kept before it is reported
LONG = 0.5  # seconds of a delay that people notice


class LoopLag:
    """Logs a warning with the longest delay of each minute that had one of ``LONG`` seconds. The server runs it."""

    def __init__(self, *, every: float = EVERY, report: float = REPORT) -> None:
        self.every, self.report = every, report
        self.longest = 0.0  # seconds, of this minute
        self.stopped = asyncio.Event()

    async def run(self) -> None:
        report_at = time.monotonic() + self.report
        while not self.stopped.is_set():
            due = time.monotonic() + self.every
            try:
                async with asyncio.timeout(self.every):
                    await self.stopped.wait()
            except TimeoutError:
                self.longest = max(self.longest, time.monotonic() - due)
            if time.monotonic() >= report_at or self.stopped.is_set():
                self._report()
                report_at = time.monotonic() + self.report

    async def stop(self) -> None:
        self.stopped.set()

    def _report(self) -> None:
        if self.longest >= LONG:
            log.warning("the event loop was held up for %.1f s: streams and pages waited as long", self.longest)
        self.longest = 0.0
