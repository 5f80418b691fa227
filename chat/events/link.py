"""The base class of what carries events to other processes and back, and of its life: connect, serve, connect again.

The publisher only leaves a note of what happened; one task of the event loop sends all notes at once. Nothing here is
needed for the truth: whatever a link loses, followers find in the rows.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from chat.events.bus import Bus, Outlet
from chat.events.types import Event

log = logging.getLogger(__name__)
RETRY = 0.5  # seconds between two tries to connect
MOST_NOTES = 20_000  # events that wait to be sent, at most; a link that is so slow loses them all
FAREWELL = 2.0  # seconds that the last notes may take
Handlers = Mapping[str, Callable[[str], None]]


class Signal(NamedTuple):
    """A message to all processes: the handlers of ``name`` are called with ``value``."""

    name: str
    value: str


class Packet(msgspec.Struct, array_like=True):
    """What one process says to the others at once: ``events`` of one thread, or ``signals``."""

    origin: str
    events: list[Event]
    signals: list[Signal]


encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(Packet).decode


def decode(data: bytes | str) -> Packet:
    """Return the packet that ``data`` holds; one without anything if it holds none that this version can read."""
    try:
        return _decode(data)
    except msgspec.MsgspecError as error:
        log.warning("a message of another process cannot be read (%s); rows are read instead", error)
        return Packet("", [], [])


@dataclass(slots=True)
class Notes:
    """What waits to be sent: events by thread, threads whose rows changed, signals, and threads to listen to or not."""

    events: dict[str, list[Event]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    signals: set[Signal] = field(default_factory=set)
    listen: dict[str, bool] = field(default_factory=dict)
    size: int = 0


class Link(Outlet, ABC):
    """Connects ``bus`` with those of other processes while ``run`` runs. ``handlers``, by name, get signals from there.

    The methods of ``Outlet`` may be called from any thread.
    """

    errors: tuple[type[Exception], ...] = (OSError,)  # after which to connect again

    def __init__(self, bus: Bus, handlers: Handlers) -> None:
        self.bus, self.handlers = bus, handlers
        self.origin = secrets.token_hex(6)  # tells our own messages from those of others
        self.is_connected = False
        self.loop: asyncio.AbstractEventLoop | None = None
        self.news, self.idle = asyncio.Event(), asyncio.Event()
        self.lock = threading.Lock()
        self.notes, self.is_awake = Notes(), False
        self.task: asyncio.Task[None] | None = None

    @property
    def is_degraded(self) -> bool:
        return not self.is_connected

    # --- from any thread -------------------------------------------------------------------------------------------

    def send(self, thread_id: str, events: Sequence[Event]) -> None:
        if not events or not self.is_connected:
            return
        with self.lock:
            if self.notes.size + len(events) > MOST_NOTES:
                self.notes.events, self.notes.size = {}, 0
            self.notes.events.setdefault(thread_id, []).extend(events)
            self.notes.size += len(events)
        self._wake()

    def signal(self, name: str, value: str = "") -> None:
        if self.is_connected:
            with self.lock:
                self.notes.signals.add(Signal(name, value))
            self._wake()

    def _wake(self) -> None:
        loop = self.loop
        if self.is_awake or loop is None:
            return
        self.is_awake = True
        if asyncio._get_running_loop() is loop:
            self.news.set()
        elif not loop.is_closed():
            loop.call_soon_threadsafe(self.news.set)

    # --- in the event loop -----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Carry events until ``stop``. A connection that breaks is replaced."""
        self.loop, self.task = asyncio.get_running_loop(), asyncio.current_task()
        self.bus.outlet = self
        was_connected = True
        while True:
            try:
                await self.connect_and_serve()
            except* self.errors as group:
                if self.is_connected or was_connected:
                    reason = " ".join(str(group.exceptions[0]).split())
                    log.warning("live events of other processes are away (%s); rows are read instead", reason)
                was_connected = False
            finally:
                self.is_connected = False
            self._take()  # what nobody took by now is in the rows
            await asyncio.sleep(RETRY)

    async def stop(self) -> None:
        """Send what waits, and end."""
        self.bus.outlet = Outlet()
        if self.task is None:
            return
        if self.is_connected:
            self.idle.clear()
            self._wake()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.idle.wait(), FAREWELL)
        self.task.cancel()
        await asyncio.wait([self.task])

    @abstractmethod
    async def connect_and_serve(self) -> None:
        """Connect, call ``connected``, and then send and receive until that fails with one of ``errors``."""

    def connected(self) -> None:
        """Note that from now on messages come and go."""
        self.is_connected = True
        log.info("live events of other processes are connected")

    async def next_notes(self, *, wait: float) -> Notes | None:
        """Return what there is to send, None if there is nothing for ``wait`` seconds."""
        if not self.is_awake:
            self.idle.set()
        alarm = asyncio.get_running_loop().call_later(wait, self.news.set)
        try:
            await self.news.wait()
        finally:
            alarm.cancel()
        notes = self._take()
        return notes if notes != Notes() else None

    def _take(self) -> Notes:
        self.news.clear()
        with self.lock:
            # A note that comes from here on wakes again.
            self.is_awake, notes, self.notes = False, self.notes, Notes()
        return notes

    def handle(self, signal: Signal) -> None:
        """Call the handler of a signal that came, if this version has one."""
        if handler := self.handlers.get(signal.name):
            handler(signal.value)
