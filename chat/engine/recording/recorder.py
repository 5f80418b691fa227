"""Record what a run does: rows at boundaries, partial text through the row writer, events on the bus.

Nothing is published before it is committed, except the pieces of a text and of calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from chat.engine.recording import run_lifecycle
from chat.engine.recording.open_message import OpenMessage, Throttle, publish_delta
from chat.engine.recording.row_writer import RowWriter, finish_despite_cancel
from chat.engine.recording.run_lifecycle import NewEvents, OpenRows
from chat.engine.turn.tool_calls import NO_TOOLS, RunTools, ToolCallDeltas, pending_functions
from chat.engine.turn.usage import UsageMeter
from chat.events import types
from chat.events.bus import bus
from chat.events.types import THREAD_CHANGED, Event
from chat.models import Run, RunStatus, RunStep, StepStatus, StepType
from chat.models.api_objects.objects import Object, run_object, usage_object
from chat.providers.base import ToolCallPiece, Usage
from chat.providers.tool_names import CODE_INTERPRETER
from chat.tools.citations import Sources


class Recorder:
    """Records one turn of a run, for one task.

    ``spent`` are the tokens of the turns before it, None while they are not known; ``tools`` are those of the run. Its
    text may cite ``sources`` and link to ``files``, ids by name; before the text it shows ``pictures``, ids
    of files that the run has drawn and not shown yet.
    """

    def __init__(
        self,
        run: Run,
        *,
        writer: RowWriter,
        spent: Usage | None = None,
        tools: RunTools = NO_TOOLS,
        sources: Sources = MappingProxyType({}),
        files: Mapping[str, str] = MappingProxyType({}),
        pictures: Sequence[str] = (),
    ) -> None:
        self.run, self.writer, self.spent, self.tools = run, writer, spent, tools
        self.worker = run.worker  # who holds the run; an end that failed has emptied the object's
        self.sources, self.files, self.pictures = sources, files, pictures
        self.meter = UsageMeter()  # of the tokens of this turn
        self.message: OpenMessage | None = None
        self.calls: ToolCallDeltas | None = None
        self.calls_step: RunStep | None = None
        self.arguments = Throttle(self._publish_arguments)  # of the call that is being written
        self.has_saved_calls = False  # how the calls stand is in the rows

    @property
    def has_spoken(self) -> bool:
        """Return whether something of this run can be seen already, so that it cannot start over unnoticed."""
        return self.message is not None or self.calls_step is not None

    # --- text ------------------------------------------------------------------------------------------------------

    async def say(self, text: str, *, is_refusal: bool = False) -> None:
        """Add ``text`` to the answer, or to the words that refuse one."""
        message = self.message or await self._open_message()
        if is_refusal:
            message.refuse(text)
        else:
            message.add(text)

    async def say_nothing(self) -> None:
        """Answer with an empty text, since the model has ended without a word: programs look for an answer's text."""
        (await self._open_message()).add_empty_text()

    async def show_pictures(self) -> None:
        """Show the pictures that no text has brought yet: the answer is whole."""
        message = self.message or await self._open_message()
        message.show_pictures()

    async def _open_message(self) -> OpenMessage:
        def write() -> NewEvents:
            row, step, new_events = run_lifecycle.open_message(self.run)
            self.message = OpenMessage(
                row,
                step,
                run=self.run,
                writer=self.writer,
                sources=self.sources,
                files=self.files,
                pictures=self.pictures,
            )
            return new_events

        if self.calls is not None:
            self._finish_calls(self.calls)
        await self._record(write)
        assert self.message is not None
        return self.message

    def _close_message(self, message: OpenMessage) -> NewEvents:
        """Close the message, which tool calls follow; their step has the usage of the turn."""
        return [
            *run_lifecycle.close_message(message.row, run=self.run),
            *run_lifecycle.close_step(message.step, run=self.run, to=StepStatus.COMPLETED, usage=Usage()),
        ]

    # --- tool calls ------------------------------------------------------------------------------------------------

    async def call(self, piece: ToolCallPiece) -> None:
        """Add a piece to the call that the model is writing."""
        if self.message is not None:
            self.message.finish()
            await self._record(partial(self._close_message, self.message))
            self.message, self.pictures = None, ()  # the pictures are shown
        calls = self.calls or await self._open_calls()
        if piece.index != calls.current:
            self.arguments.flush()
        if begun := calls.begin(piece):
            self._publish_call(piece.index, **begun)
        if arguments := calls.add_arguments(piece.arguments):
            self.arguments.add(arguments)

    async def _open_calls(self) -> ToolCallDeltas:
        def write() -> NewEvents:
            details = {"type": "tool_calls", "tool_calls": []}
            self.calls_step, new_events = run_lifecycle.open_step(self.run, StepType.TOOL_CALLS, details)
            return new_events

        await self._record(write)
        self.calls = ToolCallDeltas(self.tools)
        return self.calls

    def _finish_calls(self, calls: ToolCallDeltas) -> None:
        self.arguments.flush()
        for index, rest in calls.rest().items():
            self._publish_call(index, **calls.more(index, rest))

    def _publish_arguments(self, text: str) -> None:
        assert self.calls is not None
        self._publish_call(self.calls.current, **self.calls.more(self.calls.current, text))

    def _publish_call(self, index: int, **more: Any) -> None:
        assert self.calls_step is not None
        self.arguments.published_at = asyncio.get_running_loop().time()
        delta = types.step_delta(self.calls_step.id, tool_call={"index": index, **more})
        publish_delta(self.run, types.STEP_DELTA, delta)

    async def show_calls(self, step_calls: list[Object]) -> None:
        """Keep how the calls of the turn stand while they are answered, for those who look at the rows."""
        assert self.calls is not None
        self._finish_calls(self.calls)
        self.has_saved_calls = True

        def write() -> NewEvents:
            assert self.calls_step is not None
            run_lifecycle.save_calls(self.calls_step, step_calls)
            return []

        await self._record(write)
        bus.publish(self.run.thread_id, [Event("", 0, THREAD_CHANGED, {})])

    def publish_outputs(self, place: int, call: Object) -> None:
        """Publish the outputs of the code call at ``place`` among those of the turn."""
        assert self.calls is not None
        index = sorted(self.calls.by_index)[place]
        for number, output in enumerate(call[CODE_INTERPRETER]["outputs"]):
            outputs = [{"index": number, **output}]
            self._publish_call(index, type=CODE_INTERPRETER, code_interpreter={"outputs": outputs})

    # --- the end ---------------------------------------------------------------------------------------------------

    async def go_on(self, step_calls: list[Object]) -> bool:
        """Close the calls of the turn, answered as ``step_calls`` has them: another turn follows.

        Return False if they were closed before.
        """

        def write() -> NewEvents:
            assert self.calls_step is not None
            new_events = self._close_message(self.message) if self.message is not None else []
            return new_events + run_lifecycle.close_step(
                self.calls_step, run=self.run, to=StepStatus.COMPLETED, calls=step_calls, usage=self.meter.usage
            )

        if self.message is not None:
            self.message.finish()
        return await self._record(write)

    async def pause(self, step_calls: list[Object]) -> bool:
        """Wait for the outputs of the functions in ``step_calls``. False if the run was moved by someone else first."""
        pending = pending_functions(step_calls)
        action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": pending}}

        def write() -> NewEvents:
            assert self.calls_step is not None
            run_lifecycle.save_calls(self.calls_step, step_calls, usage=self.meter.usage)
            if not self.run.move(RunStatus.REQUIRES_ACTION, required_action=action, worker=""):
                return []
            new_events = self._close_message(self.message) if self.message is not None else []  # after the calls
            return [*new_events, (types.RUN_REQUIRES_ACTION, run_object(self.run))]

        if self.message is not None:
            self.message.finish()
        assert self.calls is not None
        self._finish_calls(self.calls)
        return await self._record(write)

    async def end(self, to: RunStatus, *, reason: str | None = None, **fields: Any) -> None:
        """End the run as ``to``, or as cancelled if a cancel came first, and close what is open in it.

        Nothing happens if someone else ended it. ``fields`` are columns of the run.
        """

        def write() -> NewEvents:
            usage, steps = self.meter.usage, []
            if self.calls_step is not None:
                steps.append(self.calls_step)
                if self.calls and not self.has_saved_calls and (unfinished := self.calls.unfinished()):
                    self.calls_step.details["tool_calls"] = unfinished  # the code could be seen already
            if self.message is not None:
                steps.append(self.message.step)
            if steps:  # a turn has one step with its usage, or none if nothing came of it
                steps[0].usage = usage_object(usage)
            messages = [self.message.row] if self.message is not None else []
            open_rows = None if self.spent is None else OpenRows(messages, steps, usage=self.spent + usage)
            ended = run_lifecycle.end(self.run, to, open_rows=open_rows, reason=reason, **fields)
            return ended or run_lifecycle.end(self.run, RunStatus.CANCELLED, open_rows=open_rows)

        if self.message is not None:
            self.message.finish()
        await self._record(write)

    async def hand_back(self) -> None:
        """Let another worker begin this run, of which nothing can be seen yet."""

        def write() -> NewEvents:
            won = self.run.move(RunStatus.QUEUED, worker="", started_at=None)
            return [(types.RUN_QUEUED, run_object(self.run))] if won else []

        await self._record(write)

    # --- commit, then publish --------------------------------------------------------------------------------------

    async def _record(self, write: Callable[[], NewEvents]) -> bool:
        """Commit ``write``, which may be called again, and publish the events it returns. Return whether it did.

        Raise ``HoldLost``, with nothing written or published, if the run is not this worker's any more.
        What waits of a call is published before.
        """
        self.arguments.flush()
        before: list[int] = []
        tried: list[Event] = []  # the events of the last try

        def number() -> list[Event]:
            before.append(self.run.seq)
            last = run_lifecycle.check_held(self.run, worker=self.worker)
            if tried and last >= tried[-1].seq:
                return tried  # the database took that try, and only its answer was lost
            self.run.seq = before[0]  # a try that failed has counted on
            tried[:] = run_lifecycle.number_events(self.run, write())
            return tried

        async def commit_and_publish() -> bool:
            events = await self.writer.commit(number)
            bus.publish(self.run.thread_id, events)
            return bool(events)

        return await finish_despite_cancel(commit_and_publish())
