"""Writes what a run does and tells it: rows at boundaries, partial text through the journal, events on the bus.

Nothing is told before it is committed, except text, which is told at once and committed within 250 ms; a follower that
missed it finds it in the rows. Text goes out with the first word at once, then at most every 33 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from chat.engine import budget, endings
from chat.engine.calls import Hosted, pending
from chat.engine.endings import Told
from chat.engine.journal import Journal, Partial, unbroken
from chat.engine.meter import Meter
from chat.engine.written import Written
from chat.events import types
from chat.events.bus import bus
from chat.events.types import THREAD_CHANGED, Event
from chat.models import Message, Run, RunStatus, RunStep, StepStatus, StepType
from chat.models.objects import Object, message_object, run_object, step_object, usage_object
from chat.models.runs import HELD
from chat.providers.base import ToolCallPiece, Usage
from chat.tools import code_interpreter
from chat.tools.citations import Citation, Reader, Sources, marker
from chat.tools.code_reader import CodeReader
from chat.tools.links import Link, LinkReader
from chat.tools.support import supporting

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
        self.run, self.journal, self.meter, self.hosted = run, journal, meter, hosted
        self.reader, self.links = Reader(sources), LinkReader(files)
        self.pictures = pictures
        self.written = Written()
        self.message: Message | None = None
        self.message_step: RunStep | None = None
        self.calls_step: RunStep | None = None
        self.untold: list[str] = []  # of the open message, else of the call that is being written
        self.told_at = 0.0
        self.timer: asyncio.TimerHandle | None = None
        self.calling = -1  # index of the call that is being written
        self.kinds: dict[int, str] = {}  # of the calls by their indices
        self.codes: dict[int, CodeReader] = {}
        self.begun: dict[int, Object] = {}  # code calls that are being written

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
        for piece in self._read(text):
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
        self.told_at = 0.0  # the first word is told at once

    def _read(self, text: str) -> Iterator[str | Citation | Link]:
        """What is certain of the text now that this piece has come."""
        for piece in self.reader.take(text):
            yield from self.links.take(piece) if isinstance(piece, str) else self._past(piece)

    def _past(self, citation: Citation) -> Iterator[str | Citation | Link]:
        """What was held back for a link is none, as a citation follows it."""
        yield from self.links.rest()
        yield citation

    async def cite_what_supports(self) -> None:
        """The answer is whole: if it cites nothing itself, it gets the sources on which it seems to rest."""
        self._finish_text()
        sources = self.reader.sources
        if self.message is None or self.reader.has_cited or not sources:
            return
        self._tell_untold()
        for place in await asyncio.to_thread(supporting, self.written.text, sources):
            source = sources[place]
            self._tell_soon(" ")
            self._write(Citation(marker(place, source.file_name), source.file_id))

    def _write(self, piece: str | Citation | Link) -> None:
        if isinstance(piece, str):
            self._tell_soon(piece)
            return
        self._tell_untold()
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
        for piece in self.reader.rest():
            for certain in self.links.take(piece) if isinstance(piece, str) else self._past(piece):
                self._write(certain)
        for rest in self.links.rest():
            self._write(rest)

    def _open_message(self) -> Told:
        self.message = Message.objects.create(
            thread_id=self.run.thread_id,
            run_id=self.run.id,
            assistant_id=self.run.assistant_id,
            role=Message.Role.ASSISTANT,
            status=Message.Status.IN_PROGRESS,
        )
        self.written = Written(self.pictures)
        details = {"type": "message_creation", "message_creation": {"message_id": self.message.id}}
        self.message_step, told = self._open_step(StepType.MESSAGE_CREATION, details)
        message = message_object(self.message)
        return [*told, (types.MESSAGE_CREATED, message), (types.MESSAGE_IN_PROGRESS, message)]

    def _open_step(self, type: StepType, details: Object) -> tuple[RunStep, Told]:
        row = RunStep.objects.create(run=self.run, type=type, details=details)
        step = step_object(row, run=self.run)
        return row, [(types.STEP_CREATED, step), (types.STEP_IN_PROGRESS, step)]

    def _open_calls(self) -> Told:
        details = {"type": "tool_calls", "tool_calls": []}
        self.calls_step, told = self._open_step(StepType.TOOL_CALLS, details)
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
        if piece.index != self.calling:
            self._tell_untold()
            self.calling = piece.index
        if piece.index not in self.kinds:
            self.kinds[piece.index] = self.hosted.kind(piece.name)
            begun = self.hosted.begun(piece.id, piece.name)
            self._tell_call(self.calling, **begun)
            if begun["type"] == code_interpreter.NAME:
                self.begun[self.calling] = begun
        if piece.arguments:
            self._write_call(piece.arguments)

    def _write_call(self, arguments: str) -> None:
        """More of the arguments of the call that is being written. Those of a search are not told."""
        match self.kinds[self.calling]:
            case "code_interpreter":
                if code := self.codes.setdefault(self.calling, CodeReader()).take(arguments):
                    self._tell_soon(code)
            case "function":
                self._tell_soon(arguments)

    def _finish_calls(self) -> None:
        self._tell_untold()
        for index, reader in self.codes.items():
            if rest := reader.rest():
                self._tell_call(index, type=code_interpreter.NAME, code_interpreter={"input": rest})

    def _tell_call(self, index: int, **more: Any) -> None:
        assert self.calls_step is not None
        self._tell(types.STEP_DELTA, types.step_delta(self.calls_step.id, tool_call={"index": index, **more}))

    async def show(self, calls: list[Object]) -> None:
        """Keep how the calls of the turn stand while they are answered, for those who look at the rows."""
        self._finish_calls()
        self.begun.clear()

        def write() -> Told:
            assert self.calls_step is not None
            details = {"type": "tool_calls", "tool_calls": calls}
            RunStep.objects.filter(pk=self.calls_step.pk, status=StepStatus.IN_PROGRESS).update(details=details)
            return []

        await self._record(write)
        bus.publish(self.run.thread_id, [Event("", 0, THREAD_CHANGED, {})])

    def tell_outputs(self, place: int, call: Object) -> None:
        """What came of the call at ``place`` among those of the turn."""
        index = sorted(self.kinds)[place]
        for number, output in enumerate(call[code_interpreter.NAME]["outputs"]):
            outputs = [{"index": number, **output}]
            self._tell_call(index, type=code_interpreter.NAME, code_interpreter={"outputs": outputs})

    def _close_message(self) -> Told:
        """The answer's text is followed by tool calls, whose step has the usage of the turn."""
        assert self.message is not None
        assert self.message_step is not None
        self._save_text()
        self._save_usage(self.message_step, Usage())
        return [
            endings.close_message(self.message),
            endings.close_step(self.message_step, run=self.run, to=StepStatus.COMPLETED),
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
            return [*said, endings.close_step(self.calls_step, run=self.run, to=StepStatus.COMPLETED)]

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
            usage = usage_object(budget.used(self.run) + uncounted)
            return endings.end(self.run, to, reason=reason, usage=usage, **fields)

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

    def _save_unfinished_code(self) -> None:
        """What the model had written when it was stopped, since it could be seen already."""
        if self.calls_step is None or not self.begun or len(self.begun) < len(self.kinds):
            return
        written = {index: reader.code for index, reader in self.codes.items()}
        calls = [code_interpreter.call(call["id"], written.get(index, "")) for index, call in self.begun.items()]
        self.calls_step.details = {"type": "tool_calls", "tool_calls": calls}
        self.calls_step.save(update_fields=["details"])

    def _save_calls(self, shown: list[Object]) -> None:
        assert self.calls_step is not None
        self.calls_step.details = {"type": "tool_calls", "tool_calls": shown}
        self.calls_step.save(update_fields=["details"])
        self._save_usage(self.calls_step, self.meter.usage)

    def _save_usage(self, step: RunStep, usage: Usage) -> None:
        step.usage = usage_object(usage)
        step.save(update_fields=["usage"])

    # --- tell what follows the rows ---------------------------------------------------------------------------------

    def _tell_soon(self, piece: str) -> None:
        self.untold.append(piece)
        due = self.told_at + WINDOW - asyncio.get_running_loop().time()
        if due <= 0:
            self._tell_untold()
        elif self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(due, self._tell_untold)

    def _tell_untold(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if not self.untold:
            return
        piece, self.untold = "".join(self.untold), []
        if self.message is not None:
            self._tell_text(piece)
        elif self.kinds[self.calling] == code_interpreter.NAME:
            self._tell_call(self.calling, type=code_interpreter.NAME, code_interpreter={"input": piece})
        else:
            self._tell_call(self.calling, type="function", function={"arguments": piece})

    def _tell(self, name: str, data: Object) -> None:
        self.told_at = asyncio.get_running_loop().time()
        self.run.seq += 1
        bus.publish(self.run.thread_id, [Event(self.run.id, self.run.seq, name, data)])

    # --- commit, then tell -----------------------------------------------------------------------------------------

    async def _record(self, write: Callable[[], Told]) -> bool:
        """Commit ``write``, which may be called again, and tell what it returns. Whether there was anything to tell."""
        self._tell_untold()

        async def commit_and_tell() -> bool:
            events = await self.journal.commit(lambda: endings.number(self.run, write()))
            bus.publish(self.run.thread_id, events)
            return bool(events)

        return await unbroken(commit_and_tell())
