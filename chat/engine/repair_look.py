"""The look at the rows of all threads that are followed in this process, which finds what their followers missed.

One query a second, however many followers there are, and at once for threads of which another process gave a hint. It
runs in the event loop of the followers, from the first to the last of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError
from django.db.models import OuterRef, Subquery

from chat.background.database_threads import in_thread
from chat.events.bus import Place, bus
from chat.models import Run, Thread

log = logging.getLogger(__name__)
INTERVAL = 1.0  # seconds between two looks
EARLY = 0.01  # seconds that a timer may come too early


def newest_places(thread_ids: list[str]) -> dict[str, Place]:
    """Return how far the newest run of each thread is; a thread without runs is at ``("", 0)``. One query."""
    newest = Run.objects.filter(thread=OuterRef("id")).order_by("-created_at", "-number").values("pk")[:1]
    threads = Thread.objects.filter(id__in=thread_ids).order_by()
    rows = Run.objects.filter(pk__in=threads.values_list(Subquery(newest))).order_by()
    places: dict[str, Place] = {
        str(thread_id): (id, seq) for thread_id, id, seq in rows.values_list("thread_id", "id", "seq")
    }
    return {thread_id: places.get(thread_id, ("", 0)) for thread_id in thread_ids}


class RepairLook:
    """The look of one event loop. ``attendants`` counts the followers; ``hinted`` are threads to look at now.

    Between two looks there is a timer and no task, so that nothing is left behind when the last follower leaves.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop, self.attendants, self.due = loop, 0, 0.0
        self.hinted: set[str] = set()
        self.timer: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self.due = self.loop.time() + INTERVAL
        self._start_at(self.due)

    def end(self) -> None:
        self.hinted.clear()
        if self.timer is not None:
            self.timer.cancel()

    def start(self) -> None:
        """Look now, or right after the look that is under way."""
        if self.task is None:
            self.task = self.loop.create_task(self._look())

    def _start_at(self, when: float) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.timer = self.loop.call_at(when, self.start)

    async def _look(self) -> None:
        thread_ids, self.hinted = list(self.hinted), set()
        if self.loop.time() >= self.due - EARLY:
            thread_ids, self.due = bus.followed(), self.loop.time() + INTERVAL
        try:
            await look_at(thread_ids)
        except DatabaseError as error:
            log.warning("the rows of followed threads could not be read (%s); the next look has them", error)
        finally:
            self.task = None
            if self.attendants:
                self._start_at(self.loop.time() if self.hinted else self.due)


async def look_at(thread_ids: list[str]) -> None:
    """Tell the followers of these threads how far the rows are."""
    for thread_id, place in (await in_thread(newest_places, thread_ids)).items():
        bus.compare(thread_id, place)


_looks: dict[asyncio.AbstractEventLoop, RepairLook] = {}  # with attendants


@contextmanager
def attend() -> Iterator[None]:
    """Have the look of the running event loop go on meanwhile."""
    loop = asyncio.get_running_loop()
    look = _looks.get(loop)
    if look is None:
        look = _looks[loop] = RepairLook(loop)
    look.attendants += 1
    if look.attendants == 1:
        look.begin()
    try:
        yield
    finally:
        look.attendants -= 1
        if not look.attendants:
            look.end()
            del _looks[loop]


def hint(thread_id: str) -> None:
    """Look at the thread now, if someone follows it. From the event loop of its followers."""
    look = _looks.get(asyncio.get_running_loop())
    if look is not None and bus.is_followed(thread_id):
        look.hinted.add(thread_id)
        look.start()
