"""Writes what a run does and tells it: rows at boundaries, partial text through the journal, events on the bus.

Nothing is told before it is committed, except text, which is told at once and committed within 250 ms; a follower that
missed it finds it in the rows. Text goes out with the first word at once, then at most every 33 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from chat.engine.recording import run_lifecycle
from chat.engine.recording.annotation_parser import Certain, Reading
from chat.engine.recording.message_content import Written
from chat.engine.recording.row_writer import Journal, Partial, unbroken
from chat.engine.recording.run_lifecycle import Told
from chat.engine.recording.throttle import Pace
from chat.engine.turn import run_limits
from chat.engine.turn.tool_calls import Calling, Hosted, pending
from chat.engine.turn.usage_meter import Meter
from chat.events import types
from chat.events.bus import bus
from chat.events.types import THREAD_CHANGED, Event
from chat.models import Message, Run, RunStatus, RunStep, StepStatus
from chat.models.objects import Object, run_object, usage_object
from chat.models.resource_uses import add_uses
from chat.models.runs import HELD
from chat.providers.base import ToolCallPiece, Usage
from chat.providers.tool_names import CODE_INTERPRETER
from chat.tools.citation_support import supporting
from chat.tools.citations import Citation, Sources, marker

WINDOW = 0.033  # seconds between two deltas of a run
NOTHING_HOSTED = Hosted()


class Recorder:
    """The scribe of one turn of a run, used by one task. ``meter`` is what the turn costs.

    ``hosted`` are the calls that are ours to answer. Its text may cite ``sources`` and link to ``files``, ids by name;
    before the text it shows ``pictures``, ids of files that the run has made and not shown yet.
    """

    def __init__(
        self,
        run: Run,
        *,
        journal: Journal,
        meter: Meter,
        hosted: Hosted = NOTHING_HOSTED,
        sources: Sources = MappingProxyType({}),
        files: Mapping[str, str] = MappingProxyType({}),
        pictures: Sequence[str] = (),
    ) -> None:
        self.run, self.journal, self.meter = run, journal, meter
        self.reading, self.calling = Reading(sources, files), Calling(hosted)
        self.pictures = pictures
        self.written = Written()
        self.message: Message | None = None
        self.message_step: RunStep | None = None
        self.calls_step: RunStep | None = None
        self.has_shown = False  # how the calls stand is in the rows
        self.pace = Pace(self._tell_more, window=WINDOW)  # of the open message, else of the call that is being written

    @property
    def has_spoken(self) -> bool:
        """Something of this run can be seen already, so it cannot start over unnoticed."""
        return self.message_step is not None or self.calls_step is not None

    async def begin(self) -> None:
        """Tell that the run, just claimed, is in progress."""
        await self._record(lambda: [(types.RUN_IN_PROGRESS, run_object(self.run))])

    # --- text ------------------------------------------------------------------------------------------------------

    async def say(self, text: str) -> None:
        """More of the answer's text."""
        if self.message is None:
            self._finish_calls()
            await self._begin_message()
        for piece in self.reading.take(text):
            self._write(piece)

    async def show_pictures(self) -> None:
        """The answer is whole: pictures are shown though nothing is said of them."""
        if self.message is None and self.pictures:
            await self._begin_message()

    async def _begin_message(self) -> None:
        await self._record(self._open_message)
        assert self.message is not None
        for index, file_id in enumerate(self.pictures):
            self._tell(types.MESSAGE_DELTA, types.image_delta(self.message.id, index=index, file_id=file_id))
        if self.pictures:
            self.journal.note(self.message, self._partial)
        self.pace.told_at = 0.0  # the first word is told at once

    async def cite_what_supports(self) -> None:
        """The answer is whole: if it cites nothing itself, it gets the sources on which it seems to rest."""
        self._finish_text()
        sources = self.reading.sources
        if self.message is None or self.reading.has_cited or not sources:
            return
        self.pace.flush()
        for place in await asyncio.to_thread(supporting, self.written.text, sources):
            source = sources[place]
            self.pace.take(" ")
            self._write(Citation(marker(place, source.file_name), source.file_id))

    def _write(self, piece: Certain) -> None:
        if isinstance(piece, str):
            self.pace.take(piece)
            return
        self.pace.flush()
        assert self.message is not None
        first = not self.written
        annotation = self.written.annotate(piece)
        self._tell_part(piece.text, first=first, annotations=[annotation])

    def _tell_part(self, text: str, *, first: bool, annotations: Sequence[Mapping[str, Any]] = ()) -> None:
        assert self.message is not None
        index = self.written.index
        delta = types.message_delta(self.message.id, index=index, text=text, first=first, annotations=annotations)
        self._tell(types.MESSAGE_DELTA, delta)
        self.journal.note(self.message, self._partial)

    def _finish_text(self) -> None:
        for piece in self.reading.rest():
            self._write(piece)

    def _open_message(self) -> Told:
        self.message, self.message_step, told = run_lifecycle.open_message(self.run)
        self.written = Written(self.pictures)
        return told

    def _open_calls(self) -> Told:
        self.calls_step, told = run_lifecycle.open_calls(self.run)
        return told

    def _tell_text(self, piece: str) -> None:
        first = not self.written
        self.written.add(piece)
        self._tell_part(piece, first=first)

    def _partial(self) -> Partial:
        assert self.message is not None
        return Partial(message=self.message, run=self.run, content=self.written.content, seq=self.run.seq)

    # --- tool calls ------------------------------------------------------------------------------------------------

    async def call(self, piece: ToolCallPiece) -> None:
        """More of a call that the model is writing."""
        if self.message is not None:
            self._finish_text()
            await self._record(self._close_message)
            self.message = self.message_step = None
            self.pictures = ()  # they are shown
        if self.calls_step is None:
            await self._record(self._open_calls)
        assert self.calls_step is not None
        if piece.index != self.calling.current:
            self.pace.flush()
        if begun := self.calling.begin(piece):
            self._tell_call(piece.index, **begun)
        if told := self.calling.take(piece.arguments):
            self.pace.take(told)

    def _finish_calls(self) -> None:
        self.pace.flush()
        for index, rest in self.calling.rest().items():
            self._tell_call(index, **self.calling.more(index, rest))

    def _tell_call(self, index: int, **more: Any) -> None:
        assert self.calls_step is not None
        self._tell(types.STEP_DELTA, types.step_delta(self.calls_step.id, tool_call={"index": index, **more}))

    async def show(self, calls: list[Object]) -> None:
        """Keep how the calls of the turn stand while they are answered, for those who look at the rows."""
        self._finish_calls()
        self.has_shown = True

        def write() -> Told:
            assert self.calls_step is not None
            run_lifecycle.show_calls(self.calls_step, calls)
            return []

        await self._record(write)
        bus.publish(self.run.thread_id, [Event("", 0, THREAD_CHANGED, {})])

    def tell_outputs(self, place: int, call: Object) -> None:
        """What came of the call at ``place`` among those of the turn."""
        index = self.calling.index_of(place)
        for number, output in enumerate(call[CODE_INTERPRETER]["outputs"]):
            outputs = [{"index": number, **output}]
            self._tell_call(index, type=CODE_INTERPRETER, code_interpreter={"outputs": outputs})

    def _close_message(self) -> Told:
        """The answer's text is followed by tool calls, whose step has the usage of the turn."""
        assert self.message is not None
        assert self.message_step is not None
        self._save_text()
        self._save_usage(self.message_step, Usage())
        return [
            run_lifecycle.close_message(self.message),
            run_lifecycle.close_step(self.message_step, run=self.run, to=StepStatus.COMPLETED),
        ]

    # --- the end ---------------------------------------------------------------------------------------------------

    async def go_on(self, answered: list[Object]) -> bool:
        """All calls of the turn, ``answered`` as their step lists them: another turn follows.

        False if the run was moved by someone else first.
        """
        self._finish_text()

        def write() -> Told:
            assert self.calls_step is not None
            if not Run.objects.filter(pk=self.run.pk, status__in=HELD).exists():
                return []
            self._save_calls(answered)
            said = self._close_message() if self.message is not None else []
            return [*said, run_lifecycle.close_step(self.calls_step, run=self.run, to=StepStatus.COMPLETED)]

        return await self._record(write)

    async def pause(self, made: list[Object]) -> bool:
        """Wait for the outputs of the functions among ``made``. False if the run was moved by someone else first."""
        action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": pending(made)}}
        self._finish_text()
        self._finish_calls()

        def write() -> Told:
            self._save_calls(made)
            if not self.run.move(RunStatus.REQUIRES_ACTION, required_action=action, worker=""):
                return []
            said = self._close_message() if self.message is not None else []  # after the calls
            return [*said, (types.RUN_REQUIRES_ACTION, run_object(self.run))]

        return await self._record(write)

    async def end(self, to: RunStatus, *, reason: str | None = None, **fields: Any) -> bool:
        """Close the run and what is open in it. False if the run was moved by someone else first."""
        self._finish_text()

        def write() -> Told:
            self._save_text()
            self._save_unfinished_code()
            # A turn has one step with its usage, or none if nothing came of it.
            uncounted = self.meter.usage
            if step := self.calls_step or self.message_step:
                self._save_usage(step, uncounted)
                uncounted = Usage()
            usage = usage_object(run_limits.used(self.run) + uncounted)
            return run_lifecycle.end(self.run, to, reason=reason, usage=usage, **fields)

        return await self._record(write)

    async def hand_back(self) -> bool:
        """Let another worker begin this run, of which nothing can be seen yet."""

        def write() -> Told:
            won = self.run.move(RunStatus.QUEUED, worker="", started_at=None)
            return [(types.RUN_QUEUED, run_object(self.run))] if won else []

        return await self._record(write)

    def _save_text(self) -> None:
        if self.message is None:
            return
        self.journal.forget(self.message)
        self.message.content = self.written.content
        self.message.save(update_fields=["content"])
        add_uses(self.message)

    def _save_unfinished_code(self) -> None:
        """What the model had written when it was stopped, since it could be seen already."""
        calls = self.calling.unfinished()
        if self.calls_step is None or self.has_shown or not calls:
            return
        run_lifecycle.save_calls(self.calls_step, calls)

    def _save_calls(self, shown: list[Object]) -> None:
        assert self.calls_step is not None
        run_lifecycle.save_calls(self.calls_step, shown)
        self._save_usage(self.calls_step, self.meter.usage)

    def _save_usage(self, step: RunStep, usage: Usage) -> None:
        step.usage = usage_object(usage)
        step.save(update_fields=["usage"])

    # --- tell what follows the rows ---------------------------------------------------------------------------------

    def _tell_more(self, text: str) -> None:
        if self.message is not None:
            self._tell_text(text)
        else:
            self._tell_call(self.calling.current, **self.calling.more(self.calling.current, text))

    def _tell(self, name: str, data: Object) -> None:
        self.pace.told_at = asyncio.get_running_loop().time()
        self.run.seq += 1
        bus.publish(self.run.thread_id, [Event(self.run.id, self.run.seq, name, data)])

    # --- commit, then tell -----------------------------------------------------------------------------------------

    async def _record(self, write: Callable[[], Told]) -> bool:
        """Commit ``write``, which may be called again, and tell what it returns. Whether there was anything to tell."""
        self.pace.flush()

        async def commit_and_tell() -> bool:
            events = await self.journal.commit(lambda: run_lifecycle.number(self.run, write()))
            bus.publish(self.run.thread_id, events)
            return bool(events)

        return await unbroken(commit_and_tell())
