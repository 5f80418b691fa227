"""Listening to a thread: the rows as they are, then every event after them.

Attach first, then read the rows, then pass on only later events. A follower that fell behind gets the rows again, and
so does one that did not hear what happened, as in another process: ``RepairLook`` notices that the rows are further.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass

from django.db.models import QuerySet

from chat.background.database_threads import read_in_thread
from chat.engine.repair_look import attend
from chat.events.bus import Behind, Follower, Place, bus
from chat.events.types import RUN_CREATED, STREAM_ENDS, THREAD_CHANGED, Event
from chat.models import Message, Run, RunStep
from chat.models.api_objects.objects import Object, message_object, run_object, step_object
from chat.models.prepared_queries import Parameter, PreparedQuery
from chat.models.runs import LIVE

SILENCE = 1.0  # seconds without an event of a live run before the caller is told that nothing happened
IDLE = 30.0  # the same, of a thread without a live run
HOLE = 0.25  # seconds before the rows are read again when they do not have yet what is missing


@dataclass(frozen=True, slots=True)
class ThreadSnapshot:
    """The newest run of a thread with its messages and steps, as they are at event ``seq``; ``run`` None: none yet."""

    run: Object | None
    messages: tuple[Object, ...]
    steps: tuple[Object, ...]
    seq: int
    live: bool

    @property
    def position(self) -> Position:
        return Position((self.run["id"] if self.run else "", self.seq), live=self.live)


@dataclass(slots=True)
class Position:
    """The point that a listener or the rows reached: ``place`` is a run and its last event, ``("", 0)`` for no run."""

    place: Place
    live: bool

    def advance(self, heard: list[Event]) -> list[Event]:
        """Return those of ``events`` that are new, in order. Raise ``Behind`` when one is missing."""
        news = []
        run_id, seq = self.place
        for event in heard:
            if event.name == RUN_CREATED and event.run_id != run_id:
                run_id, seq = event.run_id, event.seq - 1
            if event.run_id == run_id and event.seq > seq + 1:
                raise Behind
            if event.run_id == run_id and event.seq == seq + 1:
                seq, self.live = event.seq, event.name not in STREAM_ENDS
                news.append(event)
            elif event.name == THREAD_CHANGED:
                news.append(event)
        self.place = (run_id, seq)
        return news

    def join(self, events: list[Event]) -> list[Event] | None:
        """Return those of ``events``, what the log has, that follow on this place, which moves to the last of them.

        None if they leave a gap, are of another run, or none follows: then only the rows can tell where the run is.
        """
        before = self.place
        if any(event.run_id not in ("", before[0]) for event in events):
            return None
        try:
            news = self.advance(events)
        except Behind:
            return None
        return news if self.place != before else None

    def is_behind(self, rows: Place | None) -> bool:
        """Return whether the rows, if somebody noticed where they are, are further or of another run."""
        run_id, seq = self.place
        return rows is not None and (rows[0] != run_id or rows[1] > seq)

    def rejoin(self, after: Place, events: list[Event]) -> list[Event] | None:
        """Take the place ``after`` and then ``events``, what the log has; return those that are new from there.

        None, and no move, if another run is the newest, or a gap is left to what the rows or these events say.
        """
        run_id, seq = self.place
        last = max([seq, *(event.seq for event in events if event.run_id == run_id)])
        rejoined = Position(after, live=self.live)
        try:
            missed = rejoined.advance(events)
        except Behind:
            return None
        if after[0] != run_id or rejoined.place != (run_id, last):
            return None
        self.place, self.live = rejoined.place, rejoined.live
        return missed


@PreparedQuery
def newest_runs(thread: Parameter) -> QuerySet[Run, tuple[str, int, str]]:
    newest = Run.objects.filter(thread=thread).order_by("-created_at", "-number")[:1]
    return newest.values_list("id", "seq", "status")


def newest_position(thread_id: str) -> Position:
    """Return how far the rows of the thread's newest run are."""
    id, seq, status = newest_runs.first(thread_id) or ("", 0, None)
    return Position((id, seq), live=status in LIVE)


def read_snapshot(thread_id: str) -> ThreadSnapshot:
    """The rows now, all of one moment: read again while a writer came between."""
    while True:
        before = newest_position(thread_id).place
        snapshot = read_run_snapshot(before[0])
        if newest_position(thread_id).place == before:
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


async def _catch_up(follower: Follower, after: Place) -> tuple[Position, list[Event]] | None:
    """Return where the follower is, and the events after ``after`` that brought it there; None: it must read the rows.

    What the log lacks of the rows, as of a run in another process, is found as it is later on.
    """
    with suppress(Behind):  # another run began meanwhile, or the log is full
        position = Position(after, live=True)
        if missed := position.join(await follower.read(wait=0)):
            return position, missed
        position = await read_in_thread(newest_position, follower.thread_id)
        follower.rewind()
        missed = position.rejoin(after, await follower.read(wait=0))
        return None if missed is None else (position, missed)
    return None


async def follow(thread_id: str, *, after: Place | None = None) -> AsyncGenerator[ThreadSnapshot | list[Event], None]:
    """Yield a ``ThreadSnapshot``; then lists of later events, or a ``ThreadSnapshot`` that replaces what came before.

    With ``after``, a run's id and the ``seq`` of an event, the first item is the list of all events after that one,
    which may be empty, if they are still to be had. Endless; close it to stop listening. Followers of one thread do not
    disturb each other, nor the run. An empty list tells that nothing happened for a while.
    """
    with bus.follow(thread_id) as follower, attend():
        rejoined: tuple[Position, ThreadSnapshot | list[Event]] | None
        rejoined = None if after is None else await _catch_up(follower, after)
        if rejoined is None:
            snapshot = await read_in_thread(read_snapshot, thread_id)
            rejoined = (snapshot.position, snapshot)
        follower.rewind()
        position, first = rejoined
        yield first
        while True:
            known, has_hole = position.place, False
            try:
                news = position.advance(await follower.read(wait=SILENCE if position.live else IDLE))
            except Behind:
                news, has_hole = [], True
            rows, follower.rows = follower.rows, None
            if not has_hole and not position.is_behind(rows):
                if news or rows is None:  # else the rows have woken it, and it knew
                    yield news
                continue
            follower.rewind()
            snapshot = await read_in_thread(read_snapshot, thread_id)
            position = snapshot.position
            if position.place != known:
                yield snapshot
            elif has_hole:  # what is missing is not in the rows yet
                await asyncio.sleep(HOLE)
