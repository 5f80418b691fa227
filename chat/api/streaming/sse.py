"""The answer to a request with ``"stream": true``: a run's events as server-sent events (reference, section 7).

The run does not need its listener: a client that goes away ends nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, aclosing
from types import MappingProxyType
from typing import Any, cast

import msgspec
from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from chat.api.http.request import ShowEvent
from chat.api.streaming.include import Include, trimmed
from chat.api.streaming.replay import Happening, Told
from chat.engine.follow import Snapshot, follow, look_at
from chat.errors import Refusal, RunDeleted
from chat.events.bus import bus
from chat.events.coalescing import coalesced
from chat.events.types import STREAM_ENDS, Event
from chat.models import Run
from chat.models.objects import Object, run_object, thread_object
from chat.models.run_shapes import RunObject, StepObject

log = logging.getLogger(__name__)
HEARTBEAT = 15.0  # seconds of silence before a comment shows that the connection lives
STEP = "thread.run.step."
BROKEN = "The stream broke; the run goes on. Retrieve it, or send the request again."


def unchanged(name: str, data: Object) -> Happening:
    """Return an event as it is."""
    return name, data


def started(run: Run) -> RunObject:
    """The answer to a request without ``stream``."""
    return run_object(run)


def streamed(
    thread_id: str,
    act: Callable[[], Run],
    *,
    after: int = 0,
    known: Mapping[str, str] = MappingProxyType({}),
    tell_thread: bool = False,
    include: Sequence[Include] = (),
    show: ShowEvent = unchanged,
) -> EventStream:
    """Do ``act``, whose run then lives on the thread, and tell the run's events after number ``after``.

    ``known`` are the statuses of the steps that were told before. What ``act`` raises comes before the first event, as
    an ordinary error. With ``tell_thread`` the new thread is told first. ``show`` is how the client sees an event.
    """
    with ExitStack() as stack:
        # From before the first event until the stream ends, or the answer is closed or dropped before it begins.
        stack.enter_context(bus.hold(thread_id))
        run = act()
        hold = stack.pop_all()
    first = opening(run, tell_thread=tell_thread)
    chunks = lines(run, told=Told(known=known), after=after, first=first, include=include, show=show, hold=hold)
    return EventStream(chunks, run_id=run.id, hold=hold)


def retold(run: Run, *, tell_thread: bool, show: ShowEvent) -> EventStream:
    """The stream of a run that began earlier, from its beginning."""
    first = opening(run, tell_thread=tell_thread)
    chunks = lines(run, told=Told(known={}), after=0, first=first, include=(), show=show, hold=ExitStack())
    return EventStream(chunks, run_id=run.id)


def opening(run: Run, *, tell_thread: bool) -> list[Happening]:
    """What is told before the run's own events."""
    return [("thread.created", thread_object(run.thread))] if tell_thread else []


class EventStream(StreamingHttpResponse):
    """The events of the run ``run_id``."""

    def __init__(self, chunks: AsyncGenerator[bytes, None], *, run_id: str, hold: ExitStack | None = None) -> None:
        super().__init__(chunks, content_type="text/event-stream; charset=utf-8")
        self.chunks, self.run_id, self.hold = chunks, run_id, hold
        self["Cache-Control"] = "no-cache, no-transform"
        self["X-Accel-Buffering"] = "no"  # nginx would collect the events

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """Not wrapped as by Django, which closes its wrapper only, and leaves ours to the garbage collector."""
        return self.chunks

    def close(self) -> None:
        """For a client that was gone before the stream began."""
        super().close()
        if self.hold:
            self.hold.close()


Answer = RunObject | EventStream


async def lines(
    run: Run,
    *,
    told: Told,
    after: int,
    first: Sequence[Happening],
    include: Sequence[Include],
    show: ShowEvent,
    hold: ExitStack,
) -> AsyncGenerator[bytes, None]:
    """The stream as it goes over the wire."""
    with hold:
        for name, data in first:
            yield written(*show(name, data))
        try:
            async with aclosing(happenings(run, told=told, after=after)) as pieces:
                async for news in pieces:
                    for name, data in news:
                        shown = trimmed(cast("StepObject", data), include=include) if is_step(name) else data
                        yield written(*show(name, shown))
                    if not news:
                        yield b": still here\n\n"
        except RunDeleted as refusal:
            yield written("error", refusal.as_body())
            return
        except Exception:
            log.exception("the stream of run %s broke", run.id)
            broken = Refusal(BROKEN)
            broken.type = "server_error"
            yield written("error", broken.as_body())
            return
        yield b"event: done\ndata: [DONE]\n\n"


async def happenings(run: Run, *, told: Told, after: int) -> AsyncGenerator[list[Happening], None]:
    """What is to be told, in pieces, up to the event that ends the stream; an empty piece after each ``HEARTBEAT`` of
    silence. Raises ``RunDeleted`` when the run is deleted.
    """
    clock = asyncio.get_running_loop().time
    spoken_at = clock()
    async with aclosing(follow(run.thread_id, after=(run.id, after))) as items:
        async for item in items:
            match item:
                case Snapshot():
                    news = told.catch_up(await rows_of(run, item))
                case _:
                    news = told.take(own(item, run))
            if news or clock() - spoken_at >= HEARTBEAT:
                yield news
                spoken_at = clock()
            if any(name in STREAM_ENDS for name, _data in news):
                return


async def rows_of(run: Run, snapshot: Snapshot) -> Snapshot:
    """The snapshot, if it is of this run; else the run's own: another one may have begun meanwhile."""
    if snapshot.run is not None and snapshot.run["id"] == run.id:
        return snapshot
    return await sync_to_async(look_at, thread_sensitive=False)(run.id)


def own(events: list[Event], run: Run) -> Iterator[Event]:
    """The events of ``run``, with neighbouring pieces of text as one: a slow reader gets fewer."""
    return (event for event in coalesced(events) if event.run_id == run.id)


def is_step(name: str) -> bool:
    return name.startswith(STEP) and not name.endswith(".delta")


def written(name: str, data: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"
