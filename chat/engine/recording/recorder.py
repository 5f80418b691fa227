"""Record what a run does: rows at boundaries, partial text through the row writer, events on the bus.

Nothing is published before it is committed, except text, which is published at once and committed within 250 ms; a
follower that missed it finds it in the rows. Text goes out with the first word at once, then at most every 33 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from chat.engine.recording import run_lifecycle
from chat.engine.recording.annotation_parser import AnnotationParser, TextPiece
from chat.engine.recording.message_content import MessageContent
from chat.engine.recording.row_writer import PartialMessage, RowWriter, finish_despite_cancel
from chat.engine.recording.run_lifecycle import NewEvents
from chat.engine.recording.throttle import Throttle
from chat.engine.turn import run_limits
from chat.engine.turn.tool_calls import HostedTools, ToolCallDeltas, pending_functions
from chat.engine.turn.usage_meter import UsageMeter
from chat.events import types
from chat.events.bus import bus
from chat.events.types import THREAD_CHANGED, Event
from chat.models import Message, Run, RunStatus, RunStep, StepStatus
from chat.models.api_objects.objects import Object, run_object, usage_object
from chat.models.resource_uses import add_uses
from chat.models.runs import HELD
from chat.providers.base import ToolCallPiece, Usage
from chat.providers.tool_names import CODE_INTERPRETER
from chat.tools.citation_support import supporting_sources
from chat.tools.citations import Citation, Sources, marker

WINDOW = 0.033  # seconds between two deltas of a run
NOTHING_HOSTED = HostedTools()


class Recorder:
    """Records one turn of a run, for one task. ``meter`` counts the tokens of the turn.

    ``hosted`` are the calls that are ours to answer. Its text may cite ``sources`` and link to ``files``, ids by name;
    before the text it shows ``pictures``, ids of files that the run has drawn and not shown yet.
    """

    def __init__(
        self,
        run: Run,
        *,
        writer: RowWriter,
        meter: UsageMeter,
        hosted: HostedTools = NOTHING_HOSTED,
        sources: Sources = MappingProxyType({}),
        files: Mapping[str, str] = MappingProxyType({}),
        pictures: Sequence[str] = (),
    ) -> None:
        self.run, self.writer, self.meter = run, writer, meter
        self.parser, self.call_deltas = AnnotationParser(sources, files), ToolCallDeltas(hosted)
        self.pictures = pictures
        self.message_content = MessageContent()
        self.message: Message | None = None
        self.message_step: RunStep | None = None
        self.calls_step: RunStep | None = None
        self.has_saved_calls = False  # how the calls stand is in the rows
        self.throttle = Throttle(
            self._publish_text_or_arguments, window=WINDOW
        )  # of the open message, else of the call that is being written

    @property
    def has_spoken(self) -> bool:
        """Return whether something of this run can be seen already, so that it cannot start over unnoticed."""
        return self.message_step is not None or self.calls_step is not None

    async def begin(self) -> None:
        """Publish that the run, just claimed, is in progress."""
        await self._record(lambda: [(types.RUN_IN_PROGRESS, run_object(self.run))])

    # --- text ------------------------------------------------------------------------------------------------------

    async def say(self, text: str) -> None:
        """Add ``text`` to the answer."""
        if self.message is None:
            self._finish_calls()
            await self._begin_message()
        for piece in self.parser.feed(text):
            self._write(piece)

    async def show_pictures(self) -> None:
        """Show the pictures that no text has brought yet: the answer is whole."""
        if self.message is None and self.pictures:
            await self._begin_message()

    async def _begin_message(self) -> None:
        await self._record(self._open_message)
        assert self.message is not None
        for index, file_id in enumerate(self.pictures):
            self._publish(types.MESSAGE_DELTA, types.image_delta(self.message.id, index=index, file_id=file_id))
        if self.pictures:
            self.writer.note(self.message, self._partial)
        self.throttle.published_at = 0.0  # the first word is published at once

    async def cite_what_supports(self) -> None:
        """Cite the sources on which a whole answer seems to rest, if it cites nothing itself."""
        self._finish_text()
        sources = self.parser.sources
        if self.message is None or self.parser.has_cited or not sources:
            return
        self.throttle.flush()
        for place in await asyncio.to_thread(supporting_sources, self.message_content.text, sources):
            source = sources[place]
            self.throttle.add(" ")
            self._write(Citation(marker(place, source.file_name), source.file_id))

    def _write(self, piece: TextPiece) -> None:
        if isinstance(piece, str):
            self.throttle.add(piece)
            return
        self.throttle.flush()
        assert self.message is not None
        first = not self.message_content
        annotation = self.message_content.annotate(piece)
        self._publish_part(piece.text, first=first, annotations=[annotation])

    def _publish_part(self, text: str, *, first: bool, annotations: Sequence[Mapping[str, Any]] = ()) -> None:
        assert self.message is not None
        index = self.message_content.index
        delta = types.message_delta(self.message.id, index=index, text=text, first=first, annotations=annotations)
        self._publish(types.MESSAGE_DELTA, delta)
        self.writer.note(self.message, self._partial)

    def _finish_text(self) -> None:
        for piece in self.parser.rest():
            self._write(piece)

    def _open_message(self) -> NewEvents:
        self.message, self.message_step, new_events = run_lifecycle.open_message(self.run)
        self.message_content = MessageContent(self.pictures)
        return new_events

    def _open_calls(self) -> NewEvents:
        self.calls_step, new_events = run_lifecycle.open_calls(self.run)
        return new_events

    def _publish_text(self, piece: str) -> None:
        first = not self.message_content
        self.message_content.add(piece)
        self._publish_part(piece, first=first)

    def _partial(self) -> PartialMessage:
        assert self.message is not None
        return PartialMessage(
            message=self.message, run=self.run, content=self.message_content.content, seq=self.run.seq
        )

    # --- tool calls ------------------------------------------------------------------------------------------------

    async def call(self, piece: ToolCallPiece) -> None:
        """Add a piece to the call that the model is writing."""
        if self.message is not None:
            self._finish_text()
            await self._record(self._close_message)
            self.message = self.message_step = None
            self.pictures = ()  # they are shown
        if self.calls_step is None:
            await self._record(self._open_calls)
        assert self.calls_step is not None
        if piece.index != self.call_deltas.current:
            self.throttle.flush()
        if begun := self.call_deltas.begin(piece):
            self._publish_call(piece.index, **begun)
        if arguments := self.call_deltas.add_arguments(piece.arguments):
            self.throttle.add(arguments)

    def _finish_calls(self) -> None:
        self.throttle.flush()
        for index, rest in self.call_deltas.rest().items():
            self._publish_call(index, **self.call_deltas.more(index, rest))

    def _publish_call(self, index: int, **more: Any) -> None:
        assert self.calls_step is not None
        self._publish(types.STEP_DELTA, types.step_delta(self.calls_step.id, tool_call={"index": index, **more}))

    async def show_calls(self, calls: list[Object]) -> None:
        """Keep how the calls of the turn stand while they are answered, for those who look at the rows."""
        self._finish_calls()
        self.has_saved_calls = True

        def write() -> NewEvents:
            assert self.calls_step is not None
            run_lifecycle.show_calls(self.calls_step, calls)
            return []

        await self._record(write)
        bus.publish(self.run.thread_id, [Event("", 0, THREAD_CHANGED, {})])

    def publish_outputs(self, place: int, call: Object) -> None:
        """Publish the outputs of the code call at ``place`` among those of the turn."""
        index = self.call_deltas.index_of(place)
        for number, output in enumerate(call[CODE_INTERPRETER]["outputs"]):
            outputs = [{"index": number, **output}]
            self._publish_call(index, type=CODE_INTERPRETER, code_interpreter={"outputs": outputs})

    def _close_message(self) -> NewEvents:
        """Close the message that tool calls follow; their step has the usage of the turn."""
        assert self.message is not None
        assert self.message_step is not None
        self._save_text()
        return [
            run_lifecycle.close_message(self.message),
            run_lifecycle.close_step(self.message_step, run=self.run, to=StepStatus.COMPLETED, usage=Usage()),
        ]

    # --- the end ---------------------------------------------------------------------------------------------------

    async def go_on(self, answered: list[Object]) -> bool:
        """Close the calls of the turn, ``answered`` as their step lists them: another turn follows.

        Return False if the run was moved by someone else first.
        """
        self._finish_text()

        def write() -> NewEvents:
            assert self.calls_step is not None
            if not Run.objects.filter(pk=self.run.pk, status__in=HELD).exists():
                return []
            closed = self._close_message() if self.message is not None else []
            usage = self.meter.usage
            return [*closed, run_lifecycle.close_calls(self.calls_step, answered, run=self.run, usage=usage)]

        return await self._record(write)

    async def pause(self, calls: list[Object]) -> bool:
        """Wait for the outputs of the functions among ``calls``. False if the run was moved by someone else first."""
        action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": pending_functions(calls)}}
        self._finish_text()
        self._finish_calls()

        def write() -> NewEvents:
            assert self.calls_step is not None
            run_lifecycle.save_calls(self.calls_step, calls)
            run_lifecycle.save_usage(self.calls_step, self.meter.usage)
            if not self.run.move(RunStatus.REQUIRES_ACTION, required_action=action, worker=""):
                return []
            closed = self._close_message() if self.message is not None else []  # after the calls
            return [*closed, (types.RUN_REQUIRES_ACTION, run_object(self.run))]

        return await self._record(write)

    async def end(self, to: RunStatus, *, reason: str | None = None, **fields: Any) -> bool:
        """Close the run and what is open in it. False if the run was moved by someone else first."""
        self._finish_text()

        def write() -> NewEvents:
            self._save_text()
            self._save_unfinished_code()
            # A turn has one step with its usage, or none if nothing came of it.
            uncounted = self.meter.usage
            if step := self.calls_step or self.message_step:
                run_lifecycle.save_usage(step, uncounted)
                uncounted = Usage()
            usage = usage_object(run_limits.tokens_used(self.run) + uncounted)
            return run_lifecycle.end(self.run, to, reason=reason, usage=usage, **fields)

        return await self._record(write)

    async def hand_back(self) -> bool:
        """Let another worker begin this run, of which nothing can be seen yet."""

        def write() -> NewEvents:
            won = self.run.move(RunStatus.QUEUED, worker="", started_at=None)
            return [(types.RUN_QUEUED, run_object(self.run))] if won else []

        return await self._record(write)

    def _save_text(self) -> None:
        if self.message is None:
            return
        self.writer.forget(self.message)
        self.message.content = self.message_content.content
        self.message.save(update_fields=["content"])
        add_uses(self.message)

    def _save_unfinished_code(self) -> None:
        """Keep the code that the model had written when it was stopped, since it could be seen already."""
        calls = self.call_deltas.unfinished()
        if self.calls_step is None or self.has_saved_calls or not calls:
            return
        run_lifecycle.save_calls(self.calls_step, calls)

    # --- publish what follows the rows -----------------------------------------------------------------------------

    def _publish_text_or_arguments(self, text: str) -> None:
        if self.message is not None:
            self._publish_text(text)
        else:
            self._publish_call(self.call_deltas.current, **self.call_deltas.more(self.call_deltas.current, text))

    def _publish(self, name: str, data: Object) -> None:
        self.throttle.published_at = asyncio.get_running_loop().time()
        self.run.seq += 1
        bus.publish(self.run.thread_id, [Event(self.run.id, self.run.seq, name, data)])

    # --- commit, then publish -----------------------------------------------------------------------------------------

    async def _record(self, write: Callable[[], NewEvents]) -> bool:
        """Commit ``write``, which may be called again, and publish the events it returns. Return whether it did."""
        self.throttle.flush()

        async def commit_and_publish() -> bool:
            events = await self.writer.commit(lambda: run_lifecycle.number_events(self.run, write()))
            bus.publish(self.run.thread_id, events)
            return bool(events)

        return await finish_despite_cancel(commit_and_publish())
