"""Claims queued runs, works on them, and watches over all live ones.

Any number of workers may run, in any number of processes: every move of a run is one conditional UPDATE. A wake-up is
only a hint; each second every worker reads the live rows anyway, and acts on what it finds:

    queued                                    → claim it
    cancelling, or past ``expires_at``        → stop it if it is ours, end it if nobody's
    held by a worker that died                → end it as failed, with the partial answer kept
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async
from django.utils import timezone

from chat.engine.execution import Execution
from chat.engine.live_providers import Upstreams
from chat.engine.recording import run_lifecycle
from chat.engine.recording.row_writer import Journal
from chat.events.bus import bus
from chat.events.types import Event
from chat.models import Run, RunStatus
from chat.models.liveness import Liveness
from chat.models.runs import HELD, STALE

log = logging.getLogger(__name__)
LOOK = 1.0  # seconds between two looks at the rows
HEARTBEAT = 10.0  # seconds
GRACE = 10.0  # seconds that a stopping worker lets its runs finish
DIED = "The server stopped while it was answering. Send the message again."

_awake: set[Worker] = set()


def wake() -> None:
    """Tell the workers of this process that rows changed. From any thread; call it after the commit."""
    for worker in tuple(_awake):
        worker.wake()


def running() -> bool:
    """Whether a worker runs in this process."""
    return bool(_awake)


class LiveRun(NamedTuple):
    """What a look at a live run tells. Whole rows of a hundred live runs would cost milliseconds at each wake-up."""

    id: str
    thread_id: str
    status: str
    worker: str
    expires_at: datetime | None
    heartbeat_at: datetime | None


def live_runs() -> list[LiveRun]:
    """All live runs, the oldest first."""
    rows = Run.objects.live().order_by("created_at", "number").values_list(*LiveRun._fields)
    return [LiveRun(*row) for row in rows]


@dataclass
class Held:
    """A run that this worker works on."""

    execution: Execution
    task: asyncio.Task[None]


class Worker:
    """``await run()`` until ``await stop()``. ``after_run`` is called, in a thread, with the id of a thread that became
    free; ``folder`` keeps the lock that shows this worker alive.
    """

    def __init__(self, *, folder: Path, limit: int, after_run: Callable[[str], None]) -> None:
        self.folder, self.limit, self.after_run = folder, limit, after_run
        self.held: dict[str, Held] = {}
        self.journal, self.upstreams = Journal(), Upstreams()
        self.looking = asyncio.Lock()
        self.stopping = self.swept = False
        self.beaten_at = 0.0

    async def run(self) -> None:
        """Work until stopped. A look that fails is logged and tried again."""
        self.loop, self.news = asyncio.get_running_loop(), asyncio.Event()
        self.liveness = await asyncio.to_thread(Liveness, self.folder)
        _awake.add(self)
        try:
            while not self.stopping:
                try:
                    async with self.looking:
                        await self.look()
                except Exception:
                    log.exception("the worker could not look at the runs; it will try again")
                await self._rest()
        finally:
            _awake.discard(self)

    def wake(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.news.set)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(LOOK):
                await self.news.wait()
        except TimeoutError:
            pass
        self.news.clear()

    async def look(self) -> None:
        """One look at all live runs."""
        runs = await self.journal.read(live_runs)
        seen = {run.id for run in runs}
        for id, held in list(self.held.items()):
            if id not in seen:
                held.execution.stop(None)  # its thread was deleted, or someone ended it
        for run in runs:
            await self._attend(run)
        if not self.swept:
            self.swept = True
            # Only now: as long as the file of a dead worker is there, it shows at once that it died.
            await asyncio.to_thread(self.liveness.sweep)
        await self._beat()

    async def _attend(self, run: LiveRun) -> None:
        overdue = run.expires_at is not None and run.expires_at <= timezone.now()
        if held := self.held.get(run.id):
            if run.status == RunStatus.CANCELLING:
                held.execution.stop(RunStatus.CANCELLED)
            elif overdue:
                held.execution.stop(RunStatus.EXPIRED)
        elif run.worker and run.status in HELD:
            # One of our own that is no longer held could not be ended when it should have been.
            if run.worker == self.liveness.name or self._is_dead(run):
                await self._end_orphan(run)
        else:
            await self._attend_free(run, overdue=overdue)

    async def _attend_free(self, run: LiveRun, *, overdue: bool) -> None:
        if overdue:
            await self._end(run, RunStatus.EXPIRED)
        elif run.status == RunStatus.CANCELLING:
            await self._end(run, RunStatus.CANCELLED)
        elif run.status == RunStatus.QUEUED and len(self.held) < self.limit and not self.stopping:
            await self._claim(run)

    async def _end_orphan(self, run: LiveRun) -> None:
        if run.status == RunStatus.CANCELLING:
            await self._end(run, RunStatus.CANCELLED)
        else:
            await self._end(run, RunStatus.FAILED, last_error={"code": "server_error", "message": DIED})

    def _is_dead(self, run: LiveRun) -> bool:
        silent = run.heartbeat_at is None or timezone.now() - run.heartbeat_at > STALE
        return silent or self.liveness.is_dead(run.worker)

    async def _claim(self, run: LiveRun) -> None:
        def claim() -> Run | None:
            row = Run.objects.select_related("thread").filter(id=run.id).first()
            return row if row and row.claim(worker=self.liveness.name) else None

        claimed = await self.journal.commit(claim)
        if claimed is None:
            return
        execution = Execution(claimed, journal=self.journal, upstreams=self.upstreams)
        task = asyncio.create_task(self._work(execution), name=run.id)
        execution.task = task
        self.held[run.id] = Held(execution, task)

    async def _work(self, execution: Execution) -> None:
        run = execution.run
        try:
            await execution.work()
        finally:
            self.held.pop(run.id, None)
            await self._after(run.thread_id)

    async def _end(self, run: LiveRun, to: RunStatus, **fields: Any) -> None:
        """End a run that nobody works on, unless it moved since it was read."""
        unmoved = Run.objects.select_for_update().filter(id=run.id, status=run.status, worker=run.worker)

        def write() -> list[Event]:
            row = unmoved.first()
            return run_lifecycle.number(row, run_lifecycle.end(row, to, **fields)) if row else []

        if events := await self.journal.commit(write):
            bus.publish(run.thread_id, events)
            await self._after(run.thread_id)

    async def _after(self, thread_id: str) -> None:
        if self.stopping:
            return
        try:
            await sync_to_async(self.after_run, thread_sensitive=False)(thread_id)
        except Exception:
            log.exception("the next message of thread %s could not be posted", thread_id)
        self.news.set()

    async def _beat(self) -> None:
        if self.held and self.loop.time() - self.beaten_at > HEARTBEAT:
            self.beaten_at = self.loop.time()
            held = Run.objects.filter(worker=self.liveness.name)
            await self.journal.commit(lambda: held.update(heartbeat_at=timezone.now()))

    async def stop(self) -> None:
        """Claim no more, let live runs finish for ``GRACE`` seconds, then hand back or fail what is left."""
        self.stopping = True
        self.news.set()
        async with self.looking:
            pass  # what it was about to claim is held now
        if self.held:
            await asyncio.wait([held.task for held in self.held.values()], timeout=GRACE)
        left = list(self.held.values())
        for held in left:
            held.execution.interrupt(DIED)
        if left:
            await asyncio.wait([held.task for held in left])
        await self.upstreams.aclose()
        await self.journal.close()
        self.liveness.close()
