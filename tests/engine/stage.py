"""A stage for runs: a worker whose models say what the test wrote, and ways to wait for what it waits for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from chat.actions.conversation import sending
from chat.background import database_threads
from chat.engine.worker import Worker
from chat.events.bus import Follower
from chat.events.types import STREAM_ENDS, THREAD_CHANGED, Event
from chat.models import Message, Model, Provider, Run
from chat.providers.scripted.provider import ScriptedProvider

PATIENCE = 20.0  # seconds; a test that waits longer has failed


class OneUpstream:
    """Every provider row is served by ``provider``."""

    def __init__(self, provider: ScriptedProvider) -> None:
        self.provider = provider

    def get(self, row: Provider) -> ScriptedProvider:
        return self.provider

    async def add_limits(self, model: Model) -> None:
        """Change nothing: a script has no limits."""

    async def aclose(self) -> None:
        await self.provider.aclose()


class Stage:
    """``async with stage.working(provider)`` is a worker at work; ``ask`` says something as the page does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = 0

    def worker(self, provider: ScriptedProvider, *, limit: int = 10) -> Worker:
        worker = Worker(folder=self.folder, limit=limit, after_run=sending.post_next)
        worker.providers = OneUpstream(provider)  # type: ignore[assignment]
        return worker

    @asynccontextmanager
    async def working(self, provider: ScriptedProvider, *, limit: int = 10) -> AsyncIterator[Worker]:
        worker = self.worker(provider, limit=limit)
        task = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            await worker.stop()
            await task

    async def ask(self, thread: Any, text: str = "Hello?") -> Run:
        self.said += 1
        posted = await in_thread(sending.send)(thread.owner, thread.id, text=text, client_key=f"key-{self.said}")
        assert posted.run is not None
        return posted.run


def in_thread(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """A sync function, to be awaited, that gives its connection to PostgreSQL back."""
    return partial(database_threads.in_thread, function)


async def until(condition: Callable[[], Any], *, what: str = "it") -> Any:
    """Wait until ``condition``, which may read the database, is true; return its value."""
    end = time.monotonic() + PATIENCE
    while not (value := await in_thread(condition)()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        await asyncio.sleep(0.01)
    return value


async def status(run: Run, *wanted: str) -> Run:
    """The run as soon as its status is one of ``wanted``."""
    return await until(lambda: Run.objects.filter(pk=run.pk, status__in=wanted).first(), what=f"{wanted}")


async def answer(run: Run, *, containing: str = "") -> Message:
    """The run's message as soon as the row has ``containing``."""

    def look() -> Message | None:
        row = Message.objects.filter(run_id=run.id).first()
        return row if row is not None and containing in row.text else None

    return await until(look, what=f"an answer with {containing!r}")


async def heard(follower: Follower, *, ends: frozenset[str] = STREAM_ENDS, after: int = 0) -> list[Event]:
    """The events of a run later than number ``after`` that a follower of the bus hears, up to the first of ``ends``.

    The bus tells the earlier ones too as long as somebody works on the run.
    """
    events: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        while not any(event.name in ends for event in events):
            news = await follower.read(wait=PATIENCE)
            events += [event for event in news if event.name != THREAD_CHANGED and event.seq > after]
    return events


def text_of(events: list[Event]) -> str:
    """The text of all message deltas."""
    deltas = [event.data["delta"]["content"] for event in events if event.name == "thread.message.delta"]
    return "".join(part["text"]["value"] for content in deltas for part in content)
