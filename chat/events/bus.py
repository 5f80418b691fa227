"""The live record of what happens on threads, in this process's memory: publish from any thread, follow from asyncio.

Each thread that someone follows, or whose run is held by a worker here, has a ``Topic``: an append-only log. A follower
reads from its own offset, so many can look on, and one that is slow finds everything at once when it next looks; it
never slows the publisher. The log is let go when the next run begins or when nobody needs it, and its length is
bounded: a follower that fell behind is told so (``Behind``) and reads the rows again. The rows are the truth; the bus
is a hint that they changed.

An ``Outlet`` may carry what is published to other processes. Without one, and whenever it loses something, ``compare``
tells followers that the rows are further than the log.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from chat.events.types import RUN_CREATED, Event

Place = tuple[str, int]  # a run's id and the ``seq`` of its last event; ``("", 0)`` for no run
KEPT = 20_000  # events of one thread; at one coalesced delta in 33 ms a run of 600 s makes 18,000


class Behind(Exception):
    """The follower's place is no longer kept: read the rows, then follow on."""


class Topic:
    """The log of one thread. ``base`` is the offset of its first entry.

    ``run_id``, ``first`` and ``last`` say which events of the newest run were appended; ``rows`` is the place of the
    rows of which followers were told.
    """

    __slots__ = ("base", "first", "followers", "holders", "last", "log", "rows", "run_id")

    def __init__(self) -> None:
        self.base = 0
        self.run_id, self.first, self.last = "", 0, 0
        self.rows: Place | None = None
        self.log: list[Event] = []
        self.followers: set[Follower] = set()
        self.holders = 0

    @property
    def end(self) -> int:
        return self.base + len(self.log)

    def append(self, event: Event) -> None:
        if event.run_id:
            self._note(event)
        if event.name == RUN_CREATED:
            self.begin_run(event)
            return
        if len(self.log) >= KEPT:
            self.base, self.log = self.base + KEPT // 2, self.log[KEPT // 2 :]
        self.log.append(event)

    def _note(self, event: Event) -> None:
        if event.run_id != self.run_id:
            self.run_id, self.first, self.last = event.run_id, event.seq, event.seq
        elif event.seq > self.last:
            self.last = event.seq
        elif event.seq < self.first:
            self.first = event.seq

    def has(self, run_id: str, seq: int) -> bool:
        """Return whether the event was appended, as far as is known: what is missing between two is taken for there."""
        return bool(run_id) and run_id == self.run_id and self.first <= seq <= self.last

    def begin_run(self, created: Event) -> None:
        """Let go of what came before the run. A worker may have been faster than the publisher of ``created``."""
        ahead = (at for at, event in enumerate(self.log) if event.run_id == created.run_id)
        begin = next(ahead, len(self.log))
        self.base, self.log = self.base + begin, [created, *self.log[begin:]]
        for follower in self.followers:
            follower.offset = min(follower.offset, self.base)


class Outlet:
    """Where a bus passes on what others may want to hear; this one has nobody. No method may wait."""

    @property
    def is_degraded(self) -> bool:
        """Return whether other processes are not reached at the moment, so that followers wait for the rows."""
        return False

    def send(self, thread_id: str, events: Sequence[Event]) -> None:
        """Have ``events`` of the thread received by the buses of other processes."""

    def rows_changed(self, thread_ids: Collection[str]) -> None:
        """Have other processes look at the rows of these threads, unless events bring what changed."""

    def signal(self, name: str, value: str = "") -> None:
        """Have the handlers of ``name`` called in other processes."""

    def listen(self, thread_id: str) -> None:
        """Take what other processes publish on the thread, from now on."""

    def unlisten(self, thread_id: str) -> None:
        """Take no more of the thread."""


class Bus:
    """Topics by thread id. All methods but ``Follower.read`` may be called from any thread."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # a hold may end with its last reference, at any moment
        self.topics: dict[str, Topic] = {}
        self.outlet = Outlet()

    def publish(self, thread_id: str, events: Sequence[Event]) -> None:
        """Append ``events`` to the thread's log and wake its followers. Without any, nothing is kept here."""
        self.outlet.send(thread_id, events)
        with self.lock:
            topic = self.topics.get(thread_id)
            if topic is None:
                return
            for event in events:
                topic.append(event)
            followers = tuple(topic.followers)
        for follower in followers:
            follower.wake()

    def receive(self, thread_id: str, events: Sequence[Event]) -> None:
        """Append what another process published, and wake the followers. What is in the log already is left out."""
        with self.lock:
            topic = self.topics.get(thread_id)
            news = [event for event in events if not topic.has(event.run_id, event.seq)] if topic else []
            for event in news:
                topic.append(event)  # type: ignore[union-attr]  # without a topic there is no news
            followers = tuple(topic.followers) if topic and news else ()
        for follower in followers:
            follower.wake()

    def compare(self, thread_id: str, rows: Place) -> None:
        """Wake the thread's followers if the rows are at a place that no earlier call named.

        Also if the log names it: a follower passes over events of a run whose beginning it did not hear.
        """
        with self.lock:
            topic = self.topics.get(thread_id)
            if topic is None or topic.rows == rows:
                return
            topic.rows = rows
            followers = tuple(topic.followers)
        for follower in followers:
            follower.rows = rows
            follower.wake()

    def followed(self) -> list[str]:
        """Return the ids of the threads that someone follows."""
        with self.lock:
            return [thread_id for thread_id, topic in self.topics.items() if topic.followers]

    def is_followed(self, thread_id: str) -> bool:
        with self.lock:
            topic = self.topics.get(thread_id)
            return topic is not None and bool(topic.followers)

    @contextmanager
    def hold(self, thread_id: str) -> Iterator[None]:
        """Keep the thread's log while its run is worked on, also when nobody follows at the moment."""
        with self.lock:
            topic = self._topic(thread_id)
            topic.holders += 1
        try:
            yield
        finally:
            with self.lock:
                topic.holders -= 1
                self._let_go(thread_id, topic)

    def follow(self, thread_id: str) -> Follower:
        """Listen to what the log holds and to all that comes: attach first, then read the rows, then apply only events
        later than those.
        """
        follower = Follower(self, thread_id)
        with self.lock:
            topic = self._topic(thread_id)
            topic.followers.add(follower)
        follower.rewind()
        return follower

    def begin(self, thread_id: str) -> int:
        """The offset of the first event that the thread's log still holds."""
        with self.lock:
            return self.topics[thread_id].base

    def leave(self, follower: Follower) -> None:
        with self.lock:
            topic = self.topics.get(follower.thread_id)
            if topic is not None:
                topic.followers.discard(follower)
                self._let_go(follower.thread_id, topic)

    def since(self, follower: Follower) -> list[Event]:
        with self.lock:
            topic = self.topics[follower.thread_id]
            if follower.offset < topic.base:
                raise Behind
            news = topic.log[follower.offset - topic.base :]
            follower.offset = topic.end
            return news

    def _topic(self, thread_id: str) -> Topic:
        topic = self.topics.get(thread_id)
        if topic is None:
            topic = self.topics[thread_id] = Topic()
            self.outlet.listen(thread_id)
        return topic

    def _let_go(self, thread_id: str, topic: Topic) -> None:
        # A topic that nobody needs may be gone already, and another in its place.
        if not topic.holders and not topic.followers and self.topics.get(thread_id) is topic:
            del self.topics[thread_id]
            self.outlet.unlisten(thread_id)


class Follower:
    """One listener of a thread, bound to the running event loop. Use as a context manager.

    ``rows`` is where the rows are, if someone noticed that they are further than the log; for the follower to clear.
    """

    def __init__(self, bus: Bus, thread_id: str) -> None:
        self.bus, self.thread_id, self.offset = bus, thread_id, 0
        self.rows: Place | None = None
        self.loop = asyncio.get_running_loop()
        self.news = asyncio.Event()

    def wake(self) -> None:
        """From any thread; from the follower's own loop without the detour through its pipe, a system call."""
        if asyncio._get_running_loop() is self.loop:
            self.news.set()
        elif not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.news.set)

    def rewind(self) -> None:
        """Read again all that the log still holds: what comes is filtered by what the rows already told."""
        self.offset = self.bus.begin(self.thread_id)
        self.news.set()

    async def read(self, *, wait: float) -> list[Event]:
        """Return the new events, at once if there are some, else after at most ``wait`` seconds (then perhaps none).

        Raise ``Behind``.
        """
        # Not asyncio.timeout, whose bookkeeping shows when each follower comes here 30 times a second.
        alarm = self.loop.call_later(wait, self.news.set)
        try:
            await self.news.wait()
        finally:
            alarm.cancel()
        self.news.clear()
        return self.bus.since(self)

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, *exc: object) -> None:
        self.bus.leave(self)


bus = Bus()
