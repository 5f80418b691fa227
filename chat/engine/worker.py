"""Claims queued runs, works on them, and watches over all live ones.

Every move of a run is one conditional UPDATE. Each second every worker reads the live rows and acts on what it finds:

    queued                                    → claim it
    cancelling, or past its deadline          → stop it if it is ours, end it if nobody's
    held by a worker that died                → end it as failed, with the partial answer kept

A deadline is ``expires_at`` as it was when the run was first seen, by a clock that nobody can set. A run of ours is
stopped at that very moment: its model's server may be given up just then, too.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from chat.background.database_threads import in_thread
from chat.background.polling import PollingWorker
from chat.engine.execution import Execution
from chat.engine.live_providers import LiveProviders, import_sdk, share
from chat.engine.recording import run_lifecycle
from chat.engine.recording.row_writer import RowWriter
from chat.events.bus import bus
from chat.events.types import RUN_IN_PROGRESS, Event
from chat.models import Run, RunStatus
from chat.models.api_objects.objects import run_object
from chat.models.prepared_queries import Parameter, PreparedQuery
from chat.models.runs import HELD, LIFE

log = logging.getLogger(__name__)
INTERVAL = 1.0  # seconds between two looks at the rows
Deadline = tuple[datetime | None, float]  # ``expires_at``, and when that is by the loop's clock
# By how much the events of its end are numbered higher than the last one in the rows of a run whose worker died: it may
# have told of pieces that it could not write any more, some 30 in a second, and who heard them waits for later ones.
LEAP = 100_000
DIED = "The server stopped while it was answering. Send the message again."


class LiveRun(NamedTuple):
    """The columns of a live run that a worker looks at."""

    id: str
    thread_id: str
    status: str
    worker: str
    expires_at: datetime | None
    heartbeat_at: datetime | None


@PreparedQuery
def rows_of_live_runs() -> QuerySet[Run, tuple[Any, ...]]:
    return Run.objects.live().order_by("created_at", "number").values_list(*LiveRun._fields)


def live_runs() -> list[LiveRun]:
    """All live runs, the oldest first."""
    return [LiveRun(*row) for row in rows_of_live_runs.rows()]


@PreparedQuery
def runs_with_thread(id: Parameter) -> QuerySet[Run]:
    return Run.objects.select_related("thread").filter(id=id)


@dataclass
class RunJob:
    """The execution of a run, and the task that it works in."""

    execution: Execution
    task: asyncio.Task[None]
    expiry: asyncio.TimerHandle


class Worker(PollingWorker[LiveRun, RunJob]):
    """A worker on runs, each in a task of the event loop.

    ``after_run`` is called, in a thread, with the id of a thread that became free.
    """

    interval = INTERVAL

    def __init__(self, *, folder: Path, limit: int, after_run: Callable[[str], None]) -> None:
        super().__init__(folder=folder, limit=limit)
        self.after_run = after_run
        self.writer, self.providers = RowWriter(), LiveProviders()
        self.deadlines: dict[str, Deadline] = {}  # by the run's id

    async def run(self) -> None:
        share(self.providers)
        importing = asyncio.create_task(in_thread(import_sdk))
        try:
            await super().run()
        finally:
            await importing

    async def review(self) -> Sequence[LiveRun]:
        """Stop or end the live runs that must not go on; return the queued ones."""
        runs = await self.writer.read(live_runs)
        seen, queued = {run.id for run in runs}, []
        self.deadlines = {run.id: (run.expires_at, self._deadline(run)) for run in runs}
        for id, gone in list(self.jobs.items()):
            if id not in seen:
                gone.execution.stop(None)  # its thread was deleted, or someone ended it
        for run in runs:
            if job := self.jobs.get(run.id):
                self._stop_if_due(run, job.execution)
            elif run.status == RunStatus.QUEUED and not self._is_overdue(run):
                queued.append(run)
            else:
                await self._end_if_due(run)
        return queued

    def _deadline(self, run: LiveRun) -> float:
        """Return when the run expires, by the loop's clock."""
        expires_at, deadline = self.deadlines.get(run.id, (None, math.inf))
        if run.expires_at is None or run.expires_at == expires_at:
            return deadline
        left = min(run.expires_at - timezone.now(), LIFE)
        return self.loop.time() + left.total_seconds()

    def _is_overdue(self, run: LiveRun) -> bool:
        return self.deadlines[run.id][1] <= self.loop.time()

    def _stop_if_due(self, run: LiveRun, execution: Execution) -> None:
        if run.worker not in ("", self.name):
            execution.stop(None)  # we were cut off, and another worker has taken the run over
        elif run.status == RunStatus.CANCELLING:
            execution.stop(RunStatus.CANCELLED)
        elif self._is_overdue(run):
            execution.stop(RunStatus.EXPIRED)

    async def _end_if_due(self, run: LiveRun) -> None:
        """End a run that is no job of ours, if nobody works on it and it must not go on."""
        is_held = bool(run.worker) and run.status in HELD
        if is_held and not self.is_orphan(worker=run.worker, heartbeat_at=run.heartbeat_at):
            return
        if self._is_overdue(run) and not is_held:
            await self._end(run, RunStatus.EXPIRED)
        elif run.status == RunStatus.CANCELLING:
            await self._end(run, RunStatus.CANCELLED)
        elif is_held:
            await self._end(run, RunStatus.FAILED, last_error={"code": "server_error", "message": DIED})

    async def claim(self, row: LiveRun) -> None:
        def claim() -> tuple[Run, list[Event]] | None:
            run = runs_with_thread.first(row.id)
            fields = {"worker": self.name, "heartbeat_at": timezone.now()}
            if run is None or not run.move(RunStatus.IN_PROGRESS, **fields):
                return None
            return run, run_lifecycle.number_events(run, [(RUN_IN_PROGRESS, run_object(run))])

        claimed = await self.writer.commit(claim)
        if claimed is None:
            return
        run, events = claimed
        bus.publish(run.thread_id, events)
        execution = Execution(run, writer=self.writer, providers=self.providers)
        task = asyncio.create_task(self._work(execution), name=row.id)
        execution.task = task
        expiry = self.loop.call_at(self.deadlines[row.id][1], execution.stop, RunStatus.EXPIRED)
        self.jobs[row.id] = RunJob(execution, task, expiry)

    async def _work(self, execution: Execution) -> None:
        run = execution.run
        try:
            await execution.work()
        finally:
            was_full = not self.room
            if job := self.jobs.pop(run.id, None):
                job.expiry.cancel()
            await self._after(run.thread_id)
            if was_full:  # queued runs may have waited for this place
                self.news.set()

    async def _end(self, run: LiveRun, to: RunStatus, **fields: Any) -> None:
        """End a run that nobody works on, unless it moved since it was read."""
        # One that is locked is looked at again in a second: a worker may hang in the middle of a transaction.
        unmoved = Run.objects.select_for_update(skip_locked=True).filter(
            id=run.id, status=run.status, worker=run.worker, heartbeat_at=run.heartbeat_at
        )

        def write() -> list[Event]:
            row = unmoved.first()
            if row is None:
                return []
            row.seq += LEAP if run.worker else 0
            return run_lifecycle.number_events(row, run_lifecycle.end(row, to, **fields))

        if events := await self.writer.commit(write):
            bus.publish(run.thread_id, events)
            await self._after(run.thread_id)

    async def _after(self, thread_id: str) -> None:
        try:  # when stopping, too: another worker answers what is posted, if not this one after its restart
            await in_thread(self.after_run, thread_id)
        except Exception:
            log.exception("the next message of thread %s could not be posted", thread_id)

    async def beat(self) -> None:
        ours = Run.objects.filter(worker=self.name)
        await self.writer.commit(lambda: ours.update(heartbeat_at=timezone.now()))

    async def hand_back(self) -> None:
        """Let runs finish for ``EVERTHREAD_GRACE_SECONDS``, then hand back or fail those that are left."""
        clock = asyncio.get_running_loop().time
        end = clock() + settings.EVERTHREAD_GRACE_SECONDS
        while self.jobs and (left := end - clock()) > 0:
            await asyncio.wait([job.task for job in self.jobs.values()], timeout=min(left, INTERVAL))
            await self._watch_last_runs()
        unfinished = list(self.jobs.values())
        for job in unfinished:
            job.execution.interrupt(DIED)
        if unfinished:
            await asyncio.wait([job.task for job in unfinished])
        await self.providers.aclose()
        await self.writer.close()

    async def _watch_last_runs(self) -> None:
        """Poll once, which claims nothing any more: runs are stopped when they must be, and heartbeats go on."""
        try:
            await self.poll()
        except Exception:
            log.exception("the last runs were not looked at; the next look is in %g s", INTERVAL)
