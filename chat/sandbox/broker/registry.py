"""Which sessions there are, who has them, and which end when there are too many."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from chat.sandbox.broker.fair_queue import Tell, Turns
from chat.sandbox.broker.session_pool import Made, Nursery
from chat.sandbox.broker_options import Rules
from chat.sandbox.errors import SessionLost
from chat.sandbox.sessions.session import Session

log = logging.getLogger(__name__)
REST = 60.0  # seconds before a spare is tried again, after one that could not be made
Key = tuple[str, str]  # owner and name: nobody gets at a session by its name alone
IN_USE = "This session was in use for too long. Try again later."
FULL = "All sessions of the code interpreter were in use for too long. Try again later."
CROWDED = "The code interpreter was too busy for too long. Try again later."
ENDED = "The session ended; its variables and files are lost."


@dataclass(eq=False, slots=True)
class Entry:
    """A session in the registry. Times are those of ``time.monotonic``."""

    key: Key
    made: Made
    opened_at: float = field(default_factory=time.monotonic)
    used_at: float = field(default_factory=time.monotonic)
    is_leased: bool = True
    is_busy: bool = False
    is_over: bool = False

    @property
    def is_gone(self) -> bool:
        return self.is_over or self.made.is_gone

    def told(self, now: float) -> dict[str, Any]:
        """For the status: whose it is, its age and how long it was unused in seconds, its memory in bytes."""
        times = {"age": now - self.opened_at, "unused": now - self.used_at}
        return {"owner": self.key[0], **times, "is_busy": self.is_busy, "memory": self.made.memory()}

    @contextmanager
    def in_use(self) -> Iterator[Session]:
        """Not to be ended meanwhile. Raises ``SessionLost``."""
        if self.is_gone:
            raise SessionLost(self.made.session.ended or ENDED)
        self.is_busy = True
        try:
            yield self.made.session
        finally:
            self.is_busy = False
            self.used_at = time.monotonic()


class Registry:
    """Belongs to one event loop, whose thread alone changes it."""

    def __init__(self, rules: Rules, nursery: Nursery) -> None:
        self.rules, self.nursery = rules, nursery
        self.entries: dict[Key, Entry] = {}
        self.leases: dict[Key, Turns] = {}
        self.ending: set[asyncio.Task[None]] = set()
        self.places = Turns(total=rules.sessions, each=rules.sessions_each, seconds=rules.waiting, busy=FULL)
        self.cells = Turns(total=rules.cells, each=rules.cells_each, seconds=rules.waiting, busy=CROWDED)

    @asynccontextmanager
    async def lease(self, name: str, *, owner: str, tell: Tell) -> AsyncIterator[tuple[Entry, bool]]:
        """The session of that name and whether it is new. Raises ``Busy``, ``Unavailable``."""
        key = owner, name
        lease = self.leases.setdefault(key, Turns(total=1, each=1, seconds=self.rules.waiting, busy=IN_USE))
        await lease.take(owner, tell=tell)
        try:
            entry, is_new = await self._entry(key, tell)
            try:
                yield entry, is_new
            finally:
                entry.is_leased, entry.used_at = False, time.monotonic()
                if entry.is_gone:
                    self.end(entry)
        finally:
            lease.give_back(owner)
            if not lease.all_taken and not lease.waiters:
                self.leases.pop(key, None)
            self._make_room()

    async def _entry(self, key: Key, tell: Tell) -> tuple[Entry, bool]:
        entry = self.entries.get(key)
        if entry is not None and not entry.is_gone:
            entry.is_leased = True
            return entry, False
        if entry is not None:
            self.end(entry)
        owner = key[0]
        self._evict_for(owner)
        await self.places.take(owner, tell=tell)
        try:
            made = await self.nursery.take()
        except BaseException:
            self.places.give_back(owner)
            raise
        entry = self.entries[key] = Entry(key, made)
        return entry, True

    def end(self, entry: Entry) -> None:
        """Its place is free at once; its processes end in the background."""
        if entry.is_over:
            return
        entry.is_over = True
        del self.entries[entry.key]
        task = asyncio.ensure_future(self.nursery.end(entry.made))
        self.ending.add(task)
        task.add_done_callback(self.ending.discard)
        self.places.give_back(entry.key[0])

    def forget(self, name: str, *, owner: str) -> None:
        """End the session of that name, if there is one and nobody has it."""
        entry = self.entries.get((owner, name))
        if entry is not None and not entry.is_leased:
            self.end(entry)

    async def tend(self) -> None:
        """Look after the sessions, and have spares made while no cell runs, until cancelled."""
        fill_at = 0.0
        while True:
            try:
                self.look()
                if not self.cells.all_taken and time.monotonic() > fill_at:
                    await self.nursery.fill()
            except Exception:
                log.exception("the sessions could not be looked after; it is tried again")
                fill_at = time.monotonic() + REST
            await asyncio.sleep(self.rules.look)

    def look(self) -> None:
        """End what died, was idle or lived for too long, and the least recently used while all need too much memory."""
        now = time.monotonic()
        for entry in tuple(self.entries.values()):
            idle = not entry.is_leased and now - entry.used_at > self.rules.idle
            old = now - entry.opened_at > self.rules.life
            if not entry.is_busy and (entry.is_gone or idle or old):
                self.end(entry)
        sizes = {entry: entry.made.memory() for entry in self.entries.values()}
        excess = sum(sizes.values()) - self.rules.memory
        for entry in self._by_use():
            if excess > 0:
                log.info("a session is ended because all of them need too much memory")
                self.end(entry)
                excess -= sizes[entry]
        self._make_room()

    def status(self) -> dict[str, Any]:
        each = [entry.told(time.monotonic()) for entry in self.entries.values()]
        return {
            "sessions": len(self.entries),
            "sessions_waiting": len(self.places.waiters),
            "owners": len(self.places.taken),
            "spares": len(self.nursery.spares),
            "cells": self.cells.all_taken,
            "cells_waiting": len(self.cells.waiters),
            "memory": sum(one["memory"] for one in each),
            "each": each,
        }

    def _by_use(self, owner: str | None = None) -> list[Entry]:
        """Those that nobody has, the least recently used first."""
        mine = [entry for entry in self.entries.values() if owner in (None, entry.key[0]) and not entry.is_leased]
        return sorted(mine, key=lambda entry: entry.used_at)

    def _make_room(self) -> None:
        for waiter in tuple(self.places.waiters):
            self._evict_for(waiter.owner)

    def _evict_for(self, owner: str) -> None:
        """End an idle session if that gives ``owner`` a place: one of theirs when they have too many."""
        if self.places.is_free(owner):
            return
        has_too_many = self.places.taken[owner] >= self.places.each
        for victim in self._by_use(owner if has_too_many else None)[:1]:
            self.end(victim)
