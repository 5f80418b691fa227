"""The link through PostgreSQL's ``NOTIFY``: no events, only hints whose rows to look at now.

A notification takes a lock of the whole database at its commit, so that a process sends one for all that happened in
``PAUSE`` seconds, and none for pieces of an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from typing import Any

import psycopg

from chat.events.bus import Bus
from chat.events.link import Handlers, Link, Signal, decode, encode
from chat.events.types import MESSAGE_DELTA, STEP_DELTA, THREAD_CHANGED, Event

CHANNEL = "everthread"
ROWS, CHANGED = "rows", "changed"  # of a thread: its rows are further; something else about it changed
PAUSE = 0.05  # seconds between two notifications of a process
PULSE = 10.0  # seconds of silence after which the connection is tried
AT_ONCE = 100  # signals of one notification, which holds 8,000 bytes
NOT_IN_ROWS = frozenset({MESSAGE_DELTA, STEP_DELTA})
Connect = Callable[[], Awaitable[psycopg.AsyncConnection[Any]]]


class PostgresLink(Link):
    """The link through the database to which ``connect`` opens an autocommit connection.

    The handler of ``ROWS`` is called with the id of each thread whose rows are further.
    """

    errors = (psycopg.Error, OSError)

    def __init__(self, connect: Connect, bus: Bus, handlers: Handlers) -> None:
        super().__init__(bus, {**handlers, CHANGED: self._receive_change})
        self.connect = connect

    def send(self, thread_id: str, events: Sequence[Event]) -> None:
        for name in {_kind(event) for event in events} - {""}:
            self.signal(name, thread_id)

    def rows_changed(self, thread_ids: Collection[str]) -> None:
        for thread_id in thread_ids:
            self.signal(ROWS, thread_id)

    def _receive_change(self, thread_id: str) -> None:
        self.bus.receive(thread_id, [Event("", 0, THREAD_CHANGED, {})])

    async def connect_and_serve(self) -> None:
        # Two connections, since one that waits for notifications can send none.
        async with await self.connect() as listening, await self.connect() as sending:
            await listening.execute(f"LISTEN {CHANNEL}")
            self.connected()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send_all(sending))
                tasks.create_task(self._receive_all(listening))

    async def _send_all(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            notes = await self.next_notes(wait=PULSE)
            if notes is None:
                await connection.execute("SELECT 1")
                continue
            for payload in self._payloads(notes.signals):
                await connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
            await asyncio.sleep(PAUSE)

    def _payloads(self, signals: Collection[Signal]) -> Iterator[str]:
        rest = list(signals)
        while rest:
            some, rest = rest[:AT_ONCE], rest[AT_ONCE:]
            yield encode((self.origin, (), some)).decode()

    async def _receive_all(self, connection: psycopg.AsyncConnection[Any]) -> None:
        async for notification in connection.notifies():
            packet = decode(notification.payload)
            if packet.origin != self.origin:
                for signal in packet.signals:
                    self.handle(signal)


def _kind(event: Event) -> str:
    """Return the name of the signal that tells of an event, "" if rows do not have it yet."""
    if event.name == THREAD_CHANGED:
        return CHANGED
    return "" if event.name in NOT_IN_ROWS else ROWS
