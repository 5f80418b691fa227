"""The tasks of Procrastinate's jobs: sweeps, each once for all processes, and calls to look at rows of files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from procrastinate import App
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from chat.background.database_threads import in_thread
from chat.background.jobs import ATTACHMENTS, HOUSEKEEPING, INGESTION, JobWorker, call_for_indexing, index_task, new_app
from chat.management.housekeeping import HOURLY, MINUTELY
from chat.retrieval.indexing.worker import IndexingWorker

EVERY_MINUTE, EVERY_HOUR = "* * * * *", "0 * * * *"
KEPT = 24  # hours that ended jobs are kept for staff to see


def create_job_worker(*, sweeps: bool, indexing: IndexingWorker | None) -> JobWorker:
    """Return a worker on the jobs of this process: sweeps, and those for ``indexing`` if it reads files."""
    app, queues = new_app(), []
    if indexing is not None:
        queues += [ATTACHMENTS, INGESTION]
        _add_calls(app, indexing)
    if sweeps:
        queues.append(HOUSEKEEPING)
        _add_sweeps(app)
    return JobWorker(app, queues)


def _add_calls(app: App, indexing: IndexingWorker) -> None:
    """Add the tasks that have ``indexing`` look at the rows, attached files apart, which never wait for others."""

    async def look(*, attached: bool) -> None:
        if not await indexing.look(attached=attached):
            await in_thread(call_for_indexing, attached=attached)  # other processes may have room
            await indexing.until_room(attached=attached)

    app.task(name=index_task(attached=True), queue=ATTACHMENTS)(partial(look, attached=True))
    app.task(name=index_task(attached=False), queue=INGESTION)(partial(look, attached=False))


def _add_sweeps(app: App) -> None:
    """Add the sweeps, and what keeps Procrastinate's own tables in order."""
    for cron, sweeps in ((EVERY_MINUTE, MINUTELY), (EVERY_HOUR, HOURLY)):
        for name, sweep in sweeps.items():
            _add_periodic(app, name, cron, partial(in_thread, sweep))

    async def rescue_jobs() -> None:
        for job in await app.job_manager.get_stalled_jobs():
            try:
                await app.job_manager.retry_job(job)
            except UniqueViolation:  # another one of its kind waits already, perhaps for this one's end
                await app.job_manager.finish_job(job, Status.ABORTED, delete_job=True)

    async def prune_jobs() -> None:
        await app.job_manager.delete_old_jobs(KEPT, include_failed=True, include_cancelled=True, include_aborted=True)

    _add_periodic(app, "rescue_jobs", EVERY_MINUTE, rescue_jobs)
    _add_periodic(app, "prune_jobs", EVERY_HOUR, prune_jobs)


def _add_periodic(app: App, name: str, cron: str, work: Callable[[], Awaitable[object]]) -> None:
    async def run(timestamp: int) -> None:  # noqa: ARG001 -- Procrastinate gives it by name
        await work()

    # The next one waits while one takes longer than its period, and no third comes.
    task = app.task(name=name, queue=HOUSEKEEPING, lock=name, queueing_lock=name)(run)
    app.periodic(cron=cron)(task)
