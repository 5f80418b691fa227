"""Listening to a thread: the rows as they are, then every event after them.

Attach first, then read the rows, then pass on only later events. A follower that fell behind, or that hears nothing
while a run is live (the run may be worked on in another process), gets the rows again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from copy import copy
from dataclasses import dataclass

from chat.background.database_threads import in_thread
from chat.events.bus import Behind, bus
from chat.events.types import RUN_CREATED, STREAM_ENDS, THREAD_CHANGED, Event
from chat.models import Message, Run, RunStep
from chat.models.api_objects.objects import Object, message_object, run_object, step_object

SILENCE = 1.0  # seconds without an event of a live run before the rows are read again
IDLE = 30.0  # seconds between looks at the rows of a thread without a live run


@dataclass(frozen=True, slots=True)
class ThreadSnapshot:
    """The newest run of a thread with its messages and steps, as they are at event ``seq``; ``run`` None: none yet."""

    run: Object | None
    messages: tuple[Object, ...]
    steps: tuple[Object, ...]
    seq: int
    live: bool

    @property
    def place(self) -> tuple[str, int]:
        return (self.run["id"] if self.run else "", self.seq)


def newest_place(thread_id: str) -> tuple[str, int]:
    """The id of the thread's newest run and the number of its last event that the rows hold; ``("", 0)`` if none."""
    newest = Run.objects.filter(thread_id=thread_id).order_by("-created_at", "-number")
    return newest.values_list("id", "seq").first() or ("", 0)


def read_snapshot(thread_id: str) -> ThreadSnapshot:
    """The rows now, all of one moment: read again while a writer came between."""
    while True:
        before = newest_place(thread_id)
        snapshot = read_run_snapshot(before[0])
        if newest_place(thread_id) == before:
            return snapshot


def read_run_snapshot(run_id: str) -> ThreadSnapshot:
    """One run as its rows are now."""
    run = Run.objects.filter(id=run_id).first()
    if run is None:
        return ThreadSnapshot(run=None, messages=(), steps=(), seq=0, live=False)
    messages = Message.objects.filter(run_id=run.id).order_by("created_at", "number")
    steps = RunStep.objects.filter(run=run)
    return ThreadSnapshot(
        run=run_object(run),
        messages=tuple(message_object(message) for message in messages),
        steps=tuple(step_object(step, run=run) for step in steps),
        seq=run.seq,
        live=run.is_live,
    )


class Position:
    """The place that a listener has reached: its run, and the last event that it knows."""

    def __init__(self, snapshot: ThreadSnapshot) -> None:
        self.run_id, self.seq = snapshot.place
        self.live = snapshot.live

    @property
    def place(self) -> tuple[str, int]:
        return (self.run_id, self.seq)

    def advance(self, heard: list[Event]) -> list[Event]:
        """Return those of ``events`` that are new, in order. Raise ``Behind`` when one is missing."""
        news = []
        for event in heard:
            if event.name == RUN_CREATED and event.run_id != self.run_id:
                self.run_id, self.seq = event.run_id, event.seq - 1
            if event.run_id == self.run_id and event.seq > self.seq + 1:
                raise Behind
            if event.run_id == self.run_id and event.seq == self.seq + 1:
                self.seq, self.live = event.seq, event.name not in STREAM_ENDS
                news.append(event)
            elif event.name == THREAD_CHANGED:
                news.append(event)
        return news

    def rejoin(self, after: tuple[str, int], events: list[Event]) -> list[Event] | None:
        """Take the place ``after`` and then ``events``, what the log has. None, and no move, if that leaves a gap."""
        known = max([self.seq, *(event.seq for event in events if event.run_id == self.run_id)])
        there = copy(self)
        there.run_id, there.seq = after
        try:
            missed = there.advance(events)
        except Behind:
            return None
        if after[0] != self.run_id or there.seq != known:
            return None
        self.seq, self.live = there.seq, there.live
        return missed


async def follow(
    thread_id: str, *, after: tuple[str, int] | None = None
) -> AsyncGenerator[ThreadSnapshot | list[Event], None]:
    """Yield a ``ThreadSnapshot``; then lists of later events, or a ``ThreadSnapshot`` that replaces what came before.

    With ``after``, a run's id and the ``seq`` of an event, the first item is the list of all events after that one,
    which may be empty, if they are still to be had. Endless; close it to stop listening. Followers of one thread do not
    disturb each other, nor the run. An empty list tells that nothing happened for a while.
    """
    with bus.follow(thread_id) as follower:
        snapshot = await in_thread(read_snapshot, thread_id)
        position = Position(snapshot)
        missed = position.rejoin(after, await follower.read(wait=0)) if after else None
        follower.rewind()
        yield snapshot if missed is None else missed
        while True:
            known = position.place
            try:
                heard = await follower.read(wait=SILENCE if position.live else IDLE)
                news = position.advance(heard)
                behind = not heard and await _rows_are_ahead(thread_id, position)
            except Behind:
                news, behind = [], True
            if not behind:
                yield news
            else:
                follower.rewind()
                snapshot = await in_thread(read_snapshot, thread_id)
                position = Position(snapshot)
                if position.place != known:
                    yield snapshot
                else:  # what is missing is not in the rows yet
                    await asyncio.sleep(SILENCE)


async def _rows_are_ahead(thread_id: str, position: Position) -> bool:
    run_id, seq = await in_thread(newest_place, thread_id)
    return run_id != position.run_id or seq > position.seq
