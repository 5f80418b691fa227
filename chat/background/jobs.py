"""Jobs of Procrastinate, which there are on PostgreSQL alone: imported only there.

A job is a hint that there is work. The rows are the truth: a job that is lost, doubled or late does no harm.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from typing import NoReturn

from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app as django_app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status

log = logging.getLogger(__name__)
ATTACHMENTS, INGESTION, HOUSEKEEPING = "attachments", "ingestion", "housekeeping"  # queues
POLL = {ATTACHMENTS: 20.0, INGESTION: 20.0, HOUSEKEEPING: 5.0}  # seconds between two looks for jobs
NOTIFIED = {ATTACHMENTS, INGESTION}  # queues whose jobs are told of at once; sweeps need no connection for it
GRACE = 5.0  # seconds that a stop waits for jobs
RETRY = 1.0  # seconds between two tries to connect
CONNECTIONS = 2  # of a process at most, beside one of each queue that listens


def index_task(*, attached: bool) -> str:
    """Return the name of the task that looks for files to index; that for files attached to chats is another."""
    return "index_attachments" if attached else "index_files"


def call_for_indexing(*, attached: bool) -> None:
    """Have one process look for files to index, unless such a job waits already. Call it outside of transactions."""
    task = index_task(attached=attached)
    # A job that waits begins after now, so it sees all rows that are committed. It is looked for first, since to be
    # refused by the index is an error in PostgreSQL's log.
    if ProcrastinateJob.objects.filter(queueing_lock=task, status=Status.TODO.value).exists():
        return
    queue = ATTACHMENTS if attached else INGESTION
    with suppress(AlreadyEnqueued):
        django_app.configure_task(task, queue=queue, queueing_lock=task).defer()


def new_app() -> App:
    """Return an app without tasks, whose workers have connections of their own, apart from Django's."""
    return App(connector=PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=CONNECTIONS))


class JobWorker:
    """Works on the jobs of ``queues`` until it is stopped, on one of each at a time. It connects again by itself."""

    def __init__(self, app: App, queues: Collection[str]) -> None:
        self.app, self.queues = app, queues
        self.stopping = False
        self.task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        self.task = asyncio.current_task()
        while not self.stopping:
            try:
                async with self.app.open_async(), asyncio.TaskGroup() as workers:
                    for queue in self.queues:
                        workers.create_task(self._work_on(queue))
            except* Exception as group:
                log.warning("jobs are away (%s); workers look at the rows instead", _first(group))
            await asyncio.sleep(RETRY)

    async def _work_on(self, queue: str) -> NoReturn:
        await self.app.run_worker_async(
            name=queue,
            queues=[queue],
            concurrency=1,
            fetch_job_polling_interval=POLL[queue],
            listen_notify=queue in NOTIFIED,
            task_middleware=[],  # ``in_thread`` looks after the connections
            shutdown_graceful_timeout=GRACE,
            install_signal_handlers=False,
        )
        raise ConnectionError(f"the worker on {queue} has ended")  # it does so when one of its own tasks fails

    async def stop(self) -> None:
        """Take up no more jobs, and wait for those under way."""
        self.stopping = True
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])


def _first(group: BaseExceptionGroup[Exception]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return " ".join(str(error).split())
