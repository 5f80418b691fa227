"""The work of a process beside requests: runs, the reading of files, sweeps and the sandbox.

``manage.py serve`` runs it in the server's event loop, ``manage.py work`` alone. Any number of processes may: each row
is claimed by one conditional UPDATE.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Protocol

from django.conf import settings
from django.db import connection

from chat.actions.conversation import sending
from chat.background.polling import PollingWorker
from chat.engine import live_providers
from chat.engine.worker import Worker
from chat.management.housekeeping import Housekeeping
from chat.management.loop_lag import LoopLag
from chat.management.process_link import create_link
from chat.management.sandbox_supervisor import create_supervisor
from chat.retrieval.indexing.worker import IndexingWorker, folder

RUNS, INGESTION, HOUSEKEEPING = QUEUES = ("runs", "ingestion", "housekeeping")


class Background(Protocol):
    """``await run()`` until ``await stop()``."""

    async def run(self) -> None: ...

    async def stop(self) -> None: ...


class Workers:
    """The workers of ``queues``, in an event loop from ``start`` to ``stop``.

    Beside them any process has the link to the others, and the watch over its loop's lag.
    """

    def __init__(self, queues: Collection[str] = QUEUES) -> None:
        self.queues = queues
        self.claiming: list[Background] = []  # what claims rows
        self.first: list[Background] = [LoopLag()]  # what stops before them
        self.last: list[Background] = []  # what stops after them
        self.tasks: list[asyncio.Task[None]] = []
        indexing: IndexingWorker | None = None
        if RUNS in queues:
            self.claiming.append(
                Worker(
                    folder=settings.EVERTHREAD_DATA_DIR / "workers",
                    limit=settings.EVERTHREAD_MAX_RUNS,
                    after_run=sending.post_next,
                )
            )
            self.last.append(create_supervisor())  # runs that are ending may still run code
        if INGESTION in queues:
            indexing = IndexingWorker(folder=folder(settings.EVERTHREAD_DATA_DIR))
            self.claiming.append(indexing)
        if connection.vendor == "postgresql" and {INGESTION, HOUSEKEEPING} & set(queues):
            # Only there: its tables are PostgreSQL's. Not before the workers, as its last jobs wait for theirs.
            from chat.management.tasks import create_job_worker

            self.claiming.append(create_job_worker(sweeps=HOUSEKEEPING in queues, indexing=indexing))
        elif HOUSEKEEPING in queues:
            self.first.append(Housekeeping())
        if link := create_link():
            self.last.append(link)  # it tells other processes how the last runs ended

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self.tasks = [loop.create_task(each.run()) for each in (*self.claiming, *self.last, *self.first)]

    def are_running(self) -> bool:
        """Return whether all that claim rows have looked at them a moment ago."""
        kinds: dict[str, type[PollingWorker[Any, Any]]] = {RUNS: Worker, INGESTION: IndexingWorker}
        return all(kind.is_running() for queue, kind in kinds.items() if queue in self.queues)

    async def stop(self) -> None:
        """Claim nothing more and hand back what is under way."""
        await asyncio.gather(*(each.stop() for each in self.first))
        await asyncio.gather(*(each.stop() for each in self.claiming))
        for each in self.last:
            await each.stop()
        if RUNS not in self.queues:
            await live_providers.of_running_loop().aclose()  # else the worker on runs has closed them
