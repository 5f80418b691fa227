"""The registry of open sessions: leases them, and ends those that are too old, too many or too large."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from chat.sandbox.broker.fair_queue import FairQueue, OnWaiting
from chat.sandbox.broker.session_pool import PooledSession, SessionPool
from chat.sandbox.broker_options import BrokerOptions
from chat.sandbox.errors import SessionLost
from chat.sandbox.sessions.session import Session

log = logging.getLogger(__name__)
RETRY_SECONDS = 60.0  # before another spare is made, after one that could not be made
Key = tuple[str, str]  # owner and name: nobody gets at a session by its name alone
IN_USE = "This session was in use for too long. Try again later."
FULL = "All sessions of the code interpreter were in use for too long. Try again later."
CROWDED = "The code interpreter was too busy for too long. Try again later."
ENDED = "The session ended; its variables and files are lost."


@dataclass(eq=False, slots=True)
class OpenSession:
    """A session in the registry. Times are those of ``time.monotonic``. No other session ever has its ``id``."""

    key: Key
    pooled: PooledSession
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    opened_at: float = field(default_factory=time.monotonic)
    used_at: float = field(default_factory=time.monotonic)
    is_leased: bool = True
    is_busy: bool = False
    is_over: bool = False

    @property
    def is_gone(self) -> bool:
        return self.is_over or self.pooled.is_gone

    def status(self, now: float) -> dict[str, Any]:
        """Return its owner, its age and its idle time in seconds, and its memory in bytes."""
        times = {"age": now - self.opened_at, "unused": now - self.used_at}
        return {"owner": self.key[0], **times, "is_busy": self.is_busy, "memory": self.pooled.memory()}

    @contextmanager
    def in_use(self) -> Iterator[Session]:
        """Yield the session, which is not ended meanwhile. Raise ``SessionLost``."""
        if self.is_gone:
            raise SessionLost(self.pooled.session.ended or ENDED)
        self.is_busy = True
        try:
            yield self.pooled.session
        finally:
            self.is_busy = False
            self.used_at = time.monotonic()


class Registry:
    """The open sessions. Belongs to one event loop, whose thread alone changes it."""

    def __init__(self, options: BrokerOptions, pool: SessionPool) -> None:
        self.options, self.pool = options, pool
        self.entries: dict[Key, OpenSession] = {}
        self.leases: dict[Key, FairQueue] = {}
        self.ending: set[asyncio.Task[None]] = set()
        self.places = FairQueue(total=options.sessions, each=options.sessions_each, seconds=options.waiting, busy=FULL)
        self.cells = FairQueue(total=options.cells, each=options.cells_each, seconds=options.waiting, busy=CROWDED)

    @asynccontextmanager
    async def lease(
        self, name: str, *, owner: str, on_waiting: OnWaiting, id: str | None = None
    ) -> AsyncIterator[tuple[OpenSession, bool]]:
        """Yield the session of that name, and True if it is new. One with another id than ``id`` is ended first.

        Raise ``Busy`` or ``SandboxUnavailable``.
        """
        key = owner, name
        lease = self.leases.setdefault(key, FairQueue(total=1, each=1, seconds=self.options.waiting, busy=IN_USE))
        await lease.acquire(owner, on_waiting=on_waiting)
        try:
            entry, is_new = await self._open(key, on_waiting, id)
            try:
                yield entry, is_new
            finally:
                entry.is_leased, entry.used_at = False, time.monotonic()
                if entry.is_gone:
                    self.end(entry)
        finally:
            lease.release(owner)
            if not lease.total_in_use and not lease.waiters:
                self.leases.pop(key, None)
            self._make_room()

    async def _open(self, key: Key, on_waiting: OnWaiting, id: str | None) -> tuple[OpenSession, bool]:
        entry = self.entries.get(key)
        if entry is not None and not entry.is_gone and id in (None, entry.id):
            entry.is_leased = True
            return entry, False
        if entry is not None:
            self.end(entry)
        owner = key[0]
        self._evict_for(owner)
        await self.places.acquire(owner, on_waiting=on_waiting)
        try:
            pooled = await self.pool.acquire()
        except BaseException:
            self.places.release(owner)
            raise
        entry = self.entries[key] = OpenSession(key, pooled)
        return entry, True

    def end(self, entry: OpenSession) -> None:
        """End a session: its place is free at once, its processes end in the background."""
        if entry.is_over:
            return
        entry.is_over = True
        del self.entries[entry.key]
        task = asyncio.ensure_future(self.pool.end(entry.pooled))
        self.ending.add(task)
        task.add_done_callback(self.ending.discard)
        self.places.release(entry.key[0])

    def forget(self, name: str, *, owner: str) -> None:
        """End the session of that name, unless it is leased."""
        entry = self.entries.get((owner, name))
        if entry is not None and not entry.is_leased:
            self.end(entry)

    async def tend(self) -> None:
        """End sessions as ``check`` does, and have spares made while no cell runs, until cancelled."""
        fill_at = 0.0
        while True:
            try:
                self.check()
                if not self.cells.total_in_use and time.monotonic() > fill_at:
                    await self.pool.fill()
            except Exception:
                log.exception("the sessions could not be looked after; it is tried again")
                fill_at = time.monotonic() + RETRY_SECONDS
            await asyncio.sleep(self.options.look)

    def check(self) -> None:
        """End sessions that died, idled or lived too long, and the least recently used while memory is short."""
        now = time.monotonic()
        for entry in tuple(self.entries.values()):
            idle = not entry.is_leased and now - entry.used_at > self.options.idle
            old = now - entry.opened_at > self.options.life
            if not entry.is_busy and (entry.is_gone or idle or old):
                self.end(entry)
        sizes = {entry: entry.pooled.memory() for entry in self.entries.values()}
        excess = sum(sizes.values()) - self.options.memory
        for entry in self._by_use():
            if excess > 0:
                log.info("a session is ended because all of them need too much memory")
                self.end(entry)
                excess -= sizes[entry]
        self._make_room()

    def status(self) -> dict[str, Any]:
        each = [entry.status(time.monotonic()) for entry in self.entries.values()]
        return {
            "sessions": len(self.entries),
            "sessions_waiting": len(self.places.waiters),
            "owners": len(self.places.in_use),
            "spares": len(self.pool.spares),
            "cells": self.cells.total_in_use,
            "cells_waiting": len(self.cells.waiters),
            "memory": sum(one["memory"] for one in each),
            "each": each,
        }

    def _by_use(self, owner: str | None = None) -> list[OpenSession]:
        """Return the sessions that are not leased, the least recently used first."""
        unleased = [entry for entry in self.entries.values() if owner in (None, entry.key[0]) and not entry.is_leased]
        return sorted(unleased, key=lambda entry: entry.used_at)

    def _make_room(self) -> None:
        for waiter in tuple(self.places.waiters):
            self._evict_for(waiter.owner)

    def _evict_for(self, owner: str) -> None:
        """End an idle session if that gives ``owner`` a place: one of theirs when they have too many."""
        if self.places.is_free(owner):
            return
        has_too_many = self.places.in_use[owner] >= self.places.each
        for victim in self._by_use(owner if has_too_many else None)[:1]:
            self.end(victim)
