"""Server-sent events: the answer to a request with ``"stream": true`` (reference, section 7).

Called by the operations that start a run or let it go on, and by the middleware for a request that is sent again. The
run does not need its reader: a client that disconnects ends nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import ExitStack, aclosing
from types import MappingProxyType
from typing import Any, Literal, cast

import msgspec

from chat.api.http.parser import QueryParams
from chat.api.http.request import ApiRequest
from chat.api.streaming.event_response import EventResponse
from chat.api.streaming.replay import StreamEvent, StreamProgress
from chat.api.streaming.revocation import while_usable
from chat.background.database_threads import read_in_thread
from chat.background.shutdown import shutdown
from chat.engine.follow import ThreadSnapshot, follow, read_run_snapshot
from chat.errors import Refusal, ServerStopping
from chat.events.bus import bus
from chat.events.types import STREAM_ENDS, coalesce
from chat.models import Run, StepType
from chat.models.api_objects.objects import Object, thread_object
from chat.models.api_objects.run_shapes import FoundPassage, RunObject, StepObject, ToolCallObject
from chat.providers.tool_names import FILE_SEARCH

log = logging.getLogger(__name__)
STILL_HERE, DONE = b": still here\n\n", b"event: done\ndata: [DONE]\n\n"
HEARTBEAT = 15.0  # seconds of silence before a comment shows that the connection lives
BROKEN = "The stream broke; the run goes on. Retrieve it, or send the request again."
Encode = Callable[[str, Object], bytes]
Include = Literal["step_details.tool_calls[*].file_search.results[*].content"]


class IncludeQuery(QueryParams):
    """``include[]``: the text that file search found is sent only on request (reference, section 3)."""

    include: list[Include] = []


def stream_run(
    request: ApiRequest,
    thread_id: str,
    start: Callable[[], Run],
    *,
    after: int = 0,
    known_steps: Mapping[str, str] = MappingProxyType({}),
    with_thread: bool = False,
    include: Sequence[Include] = (),
) -> EventStream:
    """Call ``start``, whose run lives on the thread, and return the stream of the run's events after number ``after``.

    ``known_steps`` are the statuses of the steps that an earlier stream sent. ``with_thread`` sends the new thread
    first. An error of ``start`` is raised here, before the first event.
    """
    with ExitStack() as stack:
        # From before the first event until the stream ends, or is closed or dropped before it begins.
        stack.enter_context(bus.hold(thread_id))
        run = start()
        encode = event_encoder(request, run, include=include)
        hold = stack.pop_all()
    events = while_usable(request.api_key, run_events(run, StreamProgress(known_steps), after=after))
    return EventStream(run, events, encode, with_thread=with_thread, hold=hold)


def replay_run(request: ApiRequest, run: Run, *, with_thread: bool) -> EventStream:
    """Return the stream of a run that began earlier, from its beginning."""
    encode = event_encoder(request, run, include=())
    events = while_usable(request.api_key, run_events(run, StreamProgress({}), after=0))
    return EventStream(run, events, encode, with_thread=with_thread)


def event_encoder(request: ApiRequest, run: Run, *, include: Sequence[Include]) -> Encode:
    """Return the function that encodes the run's events as this client is to see them."""
    convert = request.event_converter(run.assistant_id) if request.event_converter else None

    def encode(name: str, data: Object) -> bytes:
        if not include and data.get("type") == StepType.TOOL_CALLS:  # only steps have a type
            data = hide_passages(cast("StepObject", data))
        return encode_event(*convert(name, data)) if convert else encode_event(name, data)

    return encode


def encode_event(name: str, data: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


class EventStream(EventResponse):
    """The response that streams the events of ``run``, after its thread if ``with_thread``."""

    def __init__(
        self,
        run: Run,
        events: AsyncGenerator[list[StreamEvent], None],
        encode: Encode,
        *,
        with_thread: bool,
        hold: ExitStack | None = None,
    ) -> None:
        first = [encode("thread.created", thread_object(run.thread))] if with_thread else []
        self.hold = hold or ExitStack()
        self.run_id = run.id
        super().__init__(encode_stream(run, events, encode, first=first, hold=self.hold))

    def close(self) -> None:
        """Release the log for a client that was gone before the stream began."""
        super().close()
        self.hold.close()


RunResponse = RunObject | EventStream


async def encode_stream(
    run: Run, events: AsyncGenerator[list[StreamEvent], None], encode: Encode, *, first: list[bytes], hold: ExitStack
) -> AsyncGenerator[bytes, None]:
    """Yield the encoded stream: ``first``, ``events``, then ``done``; ``error`` if it is refused or breaks.

    What comes together is one block: for the server each one is a write, which costs more than to encode an event.
    """
    with hold:
        block = first
        try:
            async with aclosing(events):
                async for batch in events:
                    block += [encode(name, data) for name, data in batch] or [STILL_HERE]
                    if any(name in STREAM_ENDS for name, _data in batch):
                        block.append(DONE)
                    yield b"".join(block)
                    block = []
        except Refusal as refusal:  # the run was deleted, or the key revoked
            yield b"".join([*block, encode_event("error", refusal.as_body())])
        except Exception:
            log.exception("the stream of run %s broke", run.id)
            broken = Refusal(BROKEN)
            broken.type = "server_error"
            yield b"".join([*block, encode_event("error", broken.as_body())])


async def run_events(run: Run, progress: StreamProgress, *, after: int) -> AsyncGenerator[list[StreamEvent], None]:
    """Yield the run's events in batches, up to the one that ends the stream.

    A batch is empty after each ``HEARTBEAT`` of silence. Raise ``RunDeleted`` when the run is deleted,
    ``ServerStopping`` when this process ends before it.
    """
    clock = asyncio.get_running_loop().time
    sent_at = clock()
    async with aclosing(follow(run.thread_id, after=(run.id, after))) as items:
        async for item in items:
            if isinstance(item, ThreadSnapshot):
                batch = progress.replay(await own_snapshot(run, item))
            else:
                # Neighbouring pieces of text become one: a slow reader gets fewer events.
                batch = progress.record(event for event in coalesce(item) if event.run_id == run.id)
            if batch or clock() - sent_at >= HEARTBEAT:
                yield batch
                sent_at = clock()
            if any(name in STREAM_ENDS for name, _data in batch):
                return
            if shutdown.ends_streams:  # seen within a second, as nothing that happens is told, too
                raise ServerStopping


async def own_snapshot(run: Run, snapshot: ThreadSnapshot) -> ThreadSnapshot:
    """Return the snapshot if it is of this run, else the run's own: another run may have begun meanwhile."""
    if snapshot.run is not None and snapshot.run["id"] == run.id:
        return snapshot
    return await read_in_thread(read_run_snapshot, run.id)


# --- what file search found -------------------------------------------------------------------------------------------


def hide_passages(step: StepObject) -> StepObject:
    """Return the step without the text of the passages that file search found."""
    details = step["step_details"]
    if details["type"] != "tool_calls":
        return step
    calls = [_hide_in_call(call) for call in details["tool_calls"]]
    return {**step, "step_details": {**details, "tool_calls": calls}}


def _hide_in_call(call: ToolCallObject) -> ToolCallObject:
    if call["type"] != FILE_SEARCH:
        return call
    search = call[FILE_SEARCH]
    results = [_without_content(result) for result in search["results"]]
    return {**call, FILE_SEARCH: {**search, "results": results}}


def _without_content(result: FoundPassage) -> FoundPassage:
    trimmed: FoundPassage = {**result}
    trimmed.pop("content", None)
    return trimmed
