"""The live record of what happens on threads, in this process's memory: publish from any thread, follow from asyncio.

Each thread that someone follows, or whose run is held by a worker here, has a ``Topic``: an append-only log. A follower
reads from its own offset, so many can look on, and one that is slow finds everything at once when it next looks; it
never slows the publisher. The log is let go when the next run begins or when nobody needs it, and its length is
bounded: a follower that fell behind is told so (``Behind``) and reads the rows again. The rows are the truth; the bus
is a hint that they changed.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chat.events.types import RUN_CREATED, Event

KEPT = 20_000  # events of one thread; at one coalesced delta in 33 ms a run of 600 s makes 18,000


class Behind(Exception):
    """The follower's place is no longer kept: read the rows, then follow on."""


class Topic:
    """The log of one thread. ``base`` is the offset of its first entry."""

    __slots__ = ("base", "followers", "holders", "log")

    def __init__(self) -> None:
        self.base = 0
        self.log: list[Event] = []
        self.followers: set[Follower] = set()
        self.holders = 0

    @property
    def end(self) -> int:
        return self.base + len(self.log)

    def append(self, event: Event) -> None:
        if event.name == RUN_CREATED:
            self.begin_run(event)
            return
        if len(self.log) >= KEPT:
            self.base, self.log = self.base + KEPT // 2, self.log[KEPT // 2 :]
        self.log.append(event)

    def begin_run(self, created: Event) -> None:
        """Let go of what came before the run. A worker may have been faster than the publisher of ``created``."""
        ahead = (at for at, event in enumerate(self.log) if event.run_id == created.run_id)
        begin = next(ahead, len(self.log))
        self.base, self.log = self.base + begin, [created, *self.log[begin:]]
        for follower in self.followers:
            follower.offset = min(follower.offset, self.base)


class Bus:
    """Topics by thread id. All methods but ``Follower.read`` may be called from any thread."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # a hold may end with its last reference, at any moment
        self.topics: dict[str, Topic] = {}

    def publish(self, thread_id: str, events: Sequence[Event]) -> None:
        """Append ``events`` to the thread's log and wake its followers. Without any, nothing is kept."""
        with self.lock:
            topic = self.topics.get(thread_id)
            if topic is None:
                return
            for event in events:
                topic.append(event)
            followers = tuple(topic.followers)
        for follower in followers:
            follower.wake()

    @contextmanager
    def hold(self, thread_id: str) -> Iterator[None]:
        """Keep the thread's log while its run is worked on, also when nobody follows at the moment."""
        with self.lock:
            topic = self.topics.setdefault(thread_id, Topic())
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
            topic = self.topics.setdefault(thread_id, Topic())
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

    def _let_go(self, thread_id: str, topic: Topic) -> None:
        if not topic.holders and not topic.followers:
            self.topics.pop(thread_id, None)


class Follower:
    """One listener of a thread, bound to the running event loop. Use as a context manager."""

    def __init__(self, bus: Bus, thread_id: str) -> None:
        self.bus, self.thread_id, self.offset = bus, thread_id, 0
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
