"""Poll rows for work: the loop of every worker of a process, whatever its rows are, and the lock that shows it alive.

The rows are the truth and a wake-up is only a hint. So any number of workers may run, in any number of processes, as
long as a row is claimed by one conditional UPDATE.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import re
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Generic, TextIO, TypeVar

from django.utils import timezone

log = logging.getLogger(__name__)
HEARTBEAT = 10.0  # seconds between two heartbeats of a worker that works on rows
STALE = timedelta(seconds=60)  # a worker without a heartbeat for longer counts as dead
SKEW = timedelta(minutes=10)  # by which the clocks of two machines may differ
FRESH = 5.0  # seconds after a look at the rows in which the worker counts as running
KEPT = 10 * STALE  # how long a heartbeat that was seen is remembered: rows of the dead are ended long before
Row = TypeVar("Row")
Job = TypeVar("Job")

_running: set[PollingWorker[Any, Any]] = set()  # of every kind


class Liveness:
    """A worker's name, and the lock on a file in ``folder`` that shows it alive from ``open`` to ``close``.

    The system releases it when the worker dies. A heartbeat shows the same of workers on other machines, but only after
    a minute.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"{os.getpid()}-{secrets.token_hex(6)}"
        self.lock: TextIO | None = None

    @property
    def is_open(self) -> bool:
        return self.lock is not None

    def open(self) -> None:
        """Take the lock. Raise ``OSError`` if the folder cannot be written to."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = open(self.folder / self.name, "w")  # noqa: SIM115 -- open as long as the worker lives
        fcntl.flock(lock, fcntl.LOCK_EX)
        self.lock = lock

    def is_dead(self, name: str) -> bool:
        """Return True if the worker ``name`` ran on this machine and died; False if it is alive or elsewhere."""
        return _is_locked(self.folder / name) is False

    def sweep(self) -> None:
        """Remove the files of dead workers, whose work has been taken over or ended."""
        for path in self.folder.iterdir():
            if self.is_dead(path.name):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        if self.lock is not None:
            self.lock.close()
            (self.folder / self.name).unlink(missing_ok=True)


def is_anyone_alive(folder: Path) -> bool:
    """Return True if a worker of this machine that keeps its lock in ``folder`` is alive."""
    return folder.exists() and any(_is_locked(path) for path in folder.iterdir())


def _is_locked(path: Path) -> bool | None:
    """Return True if the lock is taken; None if the file is no worker's of this machine."""
    if not re.fullmatch(r"\d+-[0-9a-f]+", path.name):
        return None
    try:
        with path.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return True
    return False


class PollingLoop(ABC):
    """``await run()`` until ``await stop()``: ``poll`` every ``interval`` seconds, and at once when there is news."""

    interval: float

    def __init__(self) -> None:
        self.polling, self.news = asyncio.Lock(), asyncio.Event()
        self.stopping = False
        self.polled_at = float("-inf")  # by the monotonic clock

    @abstractmethod
    async def poll(self) -> None:
        """Look once at the rows and do what they ask for."""

    async def run(self) -> None:
        """Poll until stopped. A poll that fails is logged, and the next one tries again."""
        while not self.stopping:
            try:
                async with self.polling:
                    await self.poll()
                self.polled_at = time.monotonic()
            except Exception:
                log.exception("%s failed to poll; it tries again in %g s", type(self).__name__, self.interval)
            await self._rest()

    async def stop(self) -> None:
        """Begin no more polls; one that is under way goes on."""
        self.stopping = True
        self.news.set()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.interval):
                await self.news.wait()
        self.news.clear()


class PollingWorker(PollingLoop, Generic[Row, Job]):
    """Work on at most ``limit`` rows at once; ``folder`` keeps the lock that shows this worker alive.

    A kind of work is ``review``, which rows to claim; ``claim``, which starts a job; ``beat`` while there are jobs; and
    ``hand_back``, which ends them. A kind puts each job into ``jobs`` and takes it out again, with ``news`` set.
    """

    def __init__(self, *, folder: Path, limit: int) -> None:
        super().__init__()
        self.liveness, self.limit = Liveness(folder), limit
        self.jobs: dict[Hashable, Job] = {}
        self.beaten_at = float("-inf")
        self.is_swept = False
        self.heartbeats: dict[tuple[str, datetime], float] = {}  # of other workers, and when each was first seen

    @abstractmethod
    async def review(self) -> Sequence[Row]:
        """Stop jobs whose rows are no longer ours, free or end rows that died with their worker (``is_orphan``), and
        return the rows that may be claimed, in the order of claiming.
        """

    @abstractmethod
    async def claim(self, row: Row) -> None:
        """Claim ``row`` and start its job; do nothing if another worker was faster."""

    @abstractmethod
    async def beat(self) -> None:
        """Write the time into the rows of this worker."""

    @abstractmethod
    async def hand_back(self) -> None:
        """Let the jobs come to an end, or end them so that another worker can go on; free what the worker uses."""

    @classmethod
    def wake_all(cls) -> None:
        """Tell the workers of this kind in this process that rows changed. From any thread, after the commit."""
        for worker in tuple(_running):
            if isinstance(worker, cls):
                worker.wake()

    @classmethod
    def is_running(cls) -> bool:
        """Return whether a worker of this kind in this process claims rows: it has looked at them a moment ago."""
        workers = [worker for worker in tuple(_running) if isinstance(worker, cls) and not worker.stopping]
        return any(time.monotonic() - worker.polled_at < FRESH for worker in workers)

    @classmethod
    def is_draining(cls) -> bool:
        """Return whether a worker of this kind in this process is being stopped, and its last jobs come to an end."""
        return any(isinstance(worker, cls) and worker.stopping for worker in tuple(_running))

    @property
    def name(self) -> str:
        """The value of the column ``worker`` in the rows that this worker has claimed."""
        return self.liveness.name

    @property
    def room(self) -> int:
        """The number of rows that may be claimed now."""
        return 0 if self.stopping else max(self.limit - len(self.jobs), 0)

    async def run(self) -> None:
        self.loop = asyncio.get_running_loop()
        _running.add(self)
        try:
            await super().run()
        finally:
            if not self.stopping:
                _running.discard(self)

    def wake(self) -> None:
        """Poll now. From any thread."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.news.set)

    async def poll(self) -> None:
        if not self.liveness.is_open:
            await asyncio.to_thread(self.liveness.open)
        for row in await self.review():
            if self.room:
                await self.claim(row)
        if not self.is_swept:
            self.is_swept = True
            # Only now: until its file is removed, a dead worker is known as dead at once.
            await asyncio.to_thread(self.liveness.sweep)
        if self.jobs and self.loop.time() - self.beaten_at > HEARTBEAT:
            await self.beat()
            self.beaten_at = self.loop.time()

    def is_orphan(self, *, worker: str, heartbeat_at: datetime | None) -> bool:
        """Return True if no live worker works on a row that ``worker`` claimed and that is none of ``jobs``."""
        # One of our own that is no longer a job could not be ended when it should have been.
        return worker == self.name or self.liveness.is_dead(worker) or self._is_silent(worker, heartbeat_at)

    def _is_silent(self, worker: str, heartbeat_at: datetime | None) -> bool:
        """Return whether the worker has not beaten since ``heartbeat_at`` for longer than ``STALE``.

        A clock of ours that nobody can set counts from when this heartbeat was first seen, as the time in it is that of
        another machine; only one that is very old counts as missed at once.
        """
        if heartbeat_at is None:
            return True
        now = time.monotonic()
        seen_at = self.heartbeats.get((worker, heartbeat_at))
        if seen_at is not None:
            return now - seen_at > STALE.total_seconds()
        if timezone.now() - heartbeat_at > STALE + SKEW:
            return True
        recent = {key: at for key, at in self.heartbeats.items() if now - at < KEPT.total_seconds()}
        self.heartbeats = {**recent, (worker, heartbeat_at): now}
        return False

    async def stop(self) -> None:
        """Claim no more and hand back the jobs."""
        await super().stop()
        async with self.polling:
            pass  # what it was about to claim is a job now
        try:
            await self.hand_back()
        finally:
            self.liveness.close()
            _running.discard(self)
