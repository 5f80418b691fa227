"""One run, from claimed to ended: transcript, model, recorder, and what to do when it is stopped or breaks."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

from asgiref.sync import sync_to_async

from chat.engine import loop, transcript
from chat.engine.journal import Journal
from chat.engine.recorder import Recorder
from chat.engine.upstream import Upstreams
from chat.errors import ProviderError
from chat.events.bus import bus
from chat.models import Model, Run, RunStatus
from chat.models.providers import resolve
from chat.providers.base import Request, Text, ToolCallPiece
from chat.tools import functions

log = logging.getLogger(__name__)
# What the API fills in where nobody chose. It is not sent on: some models refuse to be told, others know better.
API_DEFAULT = 1.0
BROKE = "Sorry, something went wrong."
FILTERED = "The answer was stopped by the provider's content filter."


class Execution:
    """Works on one claimed run. ``stop`` and ``interrupt`` come from the worker, in the same event loop."""

    def __init__(self, run: Run, *, journal: Journal, upstreams: Upstreams) -> None:
        self.run, self.upstreams = run, upstreams
        self.recorder = Recorder(run, journal=journal)
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
                await self._work()
            except asyncio.CancelledError:
                await self._finish_stopped()
            except ProviderError as error:
                log.warning("run %s: %s: %s", self.run.id, type(error).__name__, error.message)
                await self._fail(error.run_code, error.message)
            except Exception:
                if await Run.objects.filter(pk=self.run.pk).aexists():
                    log.exception("run %s broke", self.run.id)
                    await self._fail("server_error", BROKE)

    async def _work(self) -> None:
        recorder = self.recorder
        await recorder.begin()
        model = await sync_to_async(resolve, thread_sensitive=False)(self.run.model)
        groups, present = await sync_to_async(transcript.read, thread_sensitive=False)(self.run, model=model)

        def ask(shrink: int) -> Request:
            return request_of(self.run, model=model, groups=groups, present=present, shrink=shrink)

        provider = self.upstreams.get(model.provider)
        async with aclosing(loop.take_turn(provider, ask=ask)) as happenings:
            async for happening in happenings:
                match happening:
                    case Text():
                        await recorder.say(happening.value)
                    case ToolCallPiece():
                        await recorder.call(happening)
                    case loop.TurnEnded():
                        await self._conclude(happening)

    async def _conclude(self, turn: loop.TurnEnded) -> None:
        recorder = self.recorder
        recorder.add_usage(turn.usage)
        if turn.calls and turn.reason != "length":
            won = await recorder.pause(turn.calls)
        elif turn.reason == "length":
            details = {"reason": "max_completion_tokens"}
            won = await recorder.end(RunStatus.INCOMPLETE, incomplete_details=details)
        elif turn.reason == "content_filter":
            error = {"code": "server_error", "message": FILTERED}
            won = await recorder.end(RunStatus.FAILED, reason="content_filter", last_error=error)
        else:
            won = await recorder.end(RunStatus.COMPLETED)
        if not won:  # a cancel came between the last word and here
            await recorder.end(RunStatus.CANCELLED)

    async def _finish_stopped(self) -> None:
        if self.end_as is None:
            return
        if self.end_as == RunStatus.QUEUED:
            await self.recorder.hand_back()
        elif self.end_as == RunStatus.FAILED:
            await self._fail("server_error", self.interrupted_by)
        else:
            await self.recorder.end(self.end_as)

    async def _fail(self, code: str, message: str) -> None:
        try:
            error = {"code": code, "message": message}
            if not await self.recorder.end(RunStatus.FAILED, last_error=error):
                await self.recorder.end(RunStatus.CANCELLED)
        except Exception:
            log.exception("run %s could not be ended; it will be when its heartbeat is stale", self.run.id)


def request_of(
    run: Run, *, model: Model, groups: list[transcript.Group], present: transcript.Group, shrink: int
) -> Request:
    """What the model is asked, cut to fit. Raises ``ContextOverflow``."""
    budget = transcript.prompt_budget(run, model=model, shrink=shrink)
    turns = transcript.fit(groups, instructions=run.instructions, present=present, budget=budget)
    declared = functions.declared(run.tools) if model.tool_use != "none" else []
    limits = [limit for limit in (run.max_completion_tokens, model.max_output) if limit]
    # A forced call is forced once: after the outputs the model answers as it likes (reference, section 6.1).
    choice = functions.choice(run.tool_choice) if not present or run.tool_choice == "none" else "auto"
    return Request(
        model=model.served_as,
        turns=turns,
        functions=declared,
        tool_choice=choice,
        parallel_tool_calls=run.parallel_tool_calls,
        temperature=None if run.temperature == API_DEFAULT else run.temperature,
        top_p=None if run.top_p == API_DEFAULT else run.top_p,
        max_tokens=min(limits) if limits else None,
        reasoning_effort=run.reasoning_effort or None,
        response_format=run.response_format,
    )
