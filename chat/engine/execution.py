"""One run, from claimed to ended: transcript, model, recorder, and what to do when it is stopped or breaks."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from functools import partial

from django.conf import settings

from chat.background.database_threads import read_in_thread
from chat.engine.hosted_tools import file_search
from chat.engine.hosted_tools.dispatch import ToolCallDispatch
from chat.engine.live_providers import LiveProviders
from chat.engine.prompt import request
from chat.engine.prompt.request import TurnContext
from chat.engine.recording.recorder import Recorder
from chat.engine.recording.row_writer import RowWriter
from chat.engine.recording.run_lifecycle import HoldLost
from chat.engine.turn import loop
from chat.engine.turn.tool_calls import pending_functions
from chat.engine.turn.usage import LimitReached
from chat.errors import ProviderError
from chat.events.bus import bus
from chat.models import Run, RunStatus
from chat.providers.base import Text, ToolCallPiece
from chat.providers.tool_names import FILE_SEARCH

log = logging.getLogger(__name__)
BROKE = "Sorry, something went wrong."
FILTERED = "The answer was stopped by the provider's content filter."


class Execution:
    """Works on one claimed run. ``stop`` and ``interrupt`` come from the worker, in the same event loop."""

    def __init__(self, run: Run, *, writer: RowWriter, providers: LiveProviders) -> None:
        self.run, self.providers = run, providers
        self.writer = writer
        self.recorder = Recorder(run, writer=writer)
        self.task: asyncio.Task[None] | None = None
        self.end_as: RunStatus | None = None
        self.interrupted_by = ""

    def stop(self, end_as: RunStatus | None) -> None:
        """End the run as ``end_as``; None: someone ended it already. A second call changes nothing."""
        if self.task is not None and not self.task.cancelling():
            self.end_as = end_as
            self.task.cancel()

    def interrupt(self, message: str) -> None:
        """The worker is leaving: hand the run back if nothing was said yet, else fail it with ``message``."""
        self.interrupted_by = message
        self.stop(RunStatus.QUEUED if not self.recorder.has_spoken else RunStatus.FAILED)

    async def work(self) -> None:
        """Never raises: whatever happens is recorded on the run, or logged when even that fails."""
        with bus.hold(self.run.thread_id):
            try:
                await self._work_to_an_end()
            except HoldLost:
                log.warning("run %s was ended or taken over elsewhere; nothing more is written", self.run.id)

    async def _work_to_an_end(self) -> None:
        try:
            await self._work()
        except HoldLost:
            raise
        except asyncio.CancelledError:
            await self._finish_stopped()
        except LimitReached as spent:
            await self.recorder.end(RunStatus.INCOMPLETE, incomplete_details={"reason": spent.reason})
        except ProviderError as error:
            log.warning("run %s: %s: %s", self.run.id, type(error).__name__, error.for_staff)
            await self._fail(error.run_code, error.message, provider_said=error.said)
        except Exception:
            if await read_in_thread(Run.objects.filter(pk=self.run.pk).exists):
                log.exception("run %s broke", self.run.id)
                await self._fail("server_error", BROKE)

    async def _work(self) -> None:
        if any(tool["type"] == FILE_SEARCH for tool in self.run.tools):
            await file_search.wait_until_read(self.run)
        first = await read_in_thread(request.read_context, self.run)
        await self.providers.add_limits(first.model)
        context: TurnContext | None = first
        while context:
            if context.tokens_left:
                context.tokens_left.check()
            self.recorder = Recorder(
                self.run,
                writer=self.writer,
                spent=context.history.spent,
                tools=context.tools,
                sources=context.sources,
                files=context.links,
                pictures=context.history.pictures,
            )
            turn = await self._search_first() if context.must_search_first else None
            context = await self._conclude(turn or await self._take_turn(context), context)

    async def _search_first(self) -> loop.TurnEnded | None:
        """Return a turn that searches for the question, for a model that does not do so itself; None if it is empty."""
        call = await read_in_thread(file_search.search_for_question, self.run)
        if call is None:
            return None
        await self.recorder.call(ToolCallPiece(0, call.id, call.name))
        return loop.TurnEnded("tool_calls", (call,))

    async def _take_turn(self, context: TurnContext) -> loop.TurnEnded:
        ask = partial(request.build_request, self.run, context)
        recorder, turn = self.recorder, loop.TurnEnded("stop", ())
        provider = self.providers.get(context.model.provider)
        async with aclosing(
            loop.stream_turn(provider, ask=ask, meter=recorder.meter, limit=answer_limit())
        ) as happenings:
            async for happening in happenings:
                match happening:
                    case Text():
                        await recorder.say(happening.value, is_refusal=happening.is_refusal)
                    case ToolCallPiece():
                        await recorder.call(happening)
                    case loop.TurnEnded():
                        turn = happening
        return turn

    async def _conclude(self, turn: loop.TurnEnded, context: TurnContext) -> TurnContext | None:
        """End or pause the run; or what the next turn is made of, when we have answered all calls ourselves."""
        if turn.reason == "length":
            await self.recorder.end(RunStatus.INCOMPLETE, incomplete_details={"reason": "max_completion_tokens"})
        elif turn.reason == "content_filter":
            error = {"code": "server_error", "message": FILTERED}
            await self.recorder.end(RunStatus.FAILED, reason="content_filter", last_error=error)
        elif turn.calls:
            return await self._answer_calls(turn, context)
        else:
            if context.sources and self.recorder.message:
                await self.recorder.message.cite_what_supports()
            if context.history.pictures:
                await self.recorder.show_pictures()
            if self.recorder.message is None and not any(isinstance(item, str) for item in context.history.items):
                await self.recorder.say_nothing()
            await self.recorder.end(RunStatus.COMPLETED)
        return None

    async def _answer_calls(self, turn: loop.TurnEnded, context: TurnContext) -> TurnContext | None:
        calls = await ToolCallDispatch(self.run, turn.calls, context=context, recorder=self.recorder).answer()
        waits = bool(pending_functions(calls))
        if await (self.recorder.pause(calls) if waits else self.recorder.go_on(calls)):
            return None if waits else await read_in_thread(request.next_context, self.run, context)
        await self.recorder.end(RunStatus.CANCELLED)
        return None

    async def _finish_stopped(self) -> None:
        if self.end_as is None:
            return
        if self.end_as == RunStatus.QUEUED and not self.recorder.has_spoken:  # what was being opened then is open now
            await self.recorder.hand_back()
        elif self.end_as in (RunStatus.QUEUED, RunStatus.FAILED):
            await self._fail("server_error", self.interrupted_by)
        else:
            await self.recorder.end(self.end_as)

    async def _fail(self, code: str, message: str, **fields: str) -> None:
        try:
            await self.recorder.end(RunStatus.FAILED, last_error={"code": code, "message": message}, **fields)
        except HoldLost:
            raise
        except Exception:
            log.exception("run %s could not be ended; it will be when its heartbeat is stale", self.run.id)


def answer_limit() -> loop.AnswerLimit:
    """Return the longest answer that is kept; arguments, often whole files, may be twice as long as a text."""
    most = settings.EVERTHREAD_MAX_ANSWER_MB * 1024 * 1024
    return loop.AnswerLimit(text=most, arguments=2 * most)
