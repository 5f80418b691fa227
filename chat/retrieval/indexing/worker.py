"""Makes the files of stores searchable, in the background of a server process.

Every few seconds each process claims entries that wait, and takes over at once what a process of this machine left when
it died.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from django.db import connections
from django.db.models import Q, QuerySet
from django.utils import timezone

from chat.background.database_threads import DatabaseThread
from chat.background.polling import PollingWorker
from chat.documents import tokens
from chat.models import VectorStoreFile
from chat.retrieval.embedders import embedder_of
from chat.retrieval.indexing import claims
from chat.retrieval.indexing.claims import WAITING, Hold
from chat.retrieval.indexing.index_file import EmbedderOf, index
from chat.retrieval.indexing.reindex import renew_all

log = logging.getLogger(__name__)
AT_ONCE = 2  # files, so that a small one does not wait for a book
INTERVAL = 2.0  # seconds between two looks at the rows
RENEWAL = 60.0  # seconds between two looks for stores whose model has changed
GRACE = 5.0  # seconds that a stop waits for threads that wait for a model


def folder(data_dir: Path) -> Path:
    """Where the locks lie that show who is alive."""
    return data_dir / "ingestion"


def waiting() -> QuerySet[VectorStoreFile]:
    """All entries that are being read or are to be."""
    return VectorStoreFile.objects.filter(status=WAITING)


def prepare() -> None:
    """Load what counts tokens now, if files will be read: it holds up everything for half a second."""
    if VectorStoreFile.objects.exists():
        tokens.count("")


class Candidate(NamedTuple):
    """An entry that may be claimed: its key, and which attempt at it is due."""

    pk: int
    attempt: int


class EntryJob(NamedTuple):
    """The claim on an entry, and the end of the thread that works on it."""

    hold: Hold
    done: asyncio.Future[None]


class Ingestion(PollingWorker[Candidate, EntryJob]):
    """A worker on entries of stores, each in a thread of its own."""

    interval = INTERVAL

    def __init__(self, *, folder: Path, embedder_of: EmbedderOf = embedder_of) -> None:
        super().__init__(folder=folder, limit=AT_ONCE)
        self.embedder_of = embedder_of
        self.thread = DatabaseThread("ingestion")
        self.renewed_at = float("-inf")

    async def review(self) -> list[Candidate]:
        """Give up the entries that are ours no more, free those of dead workers, and return those that wait longest."""
        if not self.is_swept:  # the first time
            await self.thread.call(prepare)
        if self.loop.time() - self.renewed_at > RENEWAL:
            await self.thread.call(renew_all)
            self.renewed_at = self.loop.time()
        holds_now = {job.hold.pk: job.hold for job in self.jobs.values()}
        await self.thread.call(self._compare, holds_now)
        return await self.thread.call(_longest_waiting, besides=list(holds_now), most=self.room)

    def _compare(self, held: dict[int, Hold]) -> None:
        ours = set()
        claimed = waiting().exclude(worker="").values_list("pk", "attempt", "worker", "heartbeat_at")
        for pk, attempt, worker, heartbeat_at in claimed:
            if worker == self.name and pk in held:
                ours.add((pk, attempt))
            elif self.is_orphan(worker=worker, heartbeat_at=heartbeat_at):
                unchanged = Q(attempt=attempt, worker=worker, heartbeat_at=heartbeat_at)
                waiting().filter(unchanged, pk=pk).update(worker="", heartbeat_at=None)
        for pk, hold in held.items():
            if (pk, hold.attempt) not in ours:
                hold.given_up.set()

    async def claim(self, row: Candidate) -> None:
        hold = await self.thread.call(claims.claim, row.pk, attempt=row.attempt, worker=self.name)
        if hold is not None:
            self._start(hold)

    def _start(self, hold: Hold) -> None:
        done = self.loop.create_future()
        self.jobs[hold.pk] = EntryJob(hold, done)

        def finish() -> None:
            del self.jobs[hold.pk]
            done.set_result(None)
            self.news.set()

        def work() -> None:
            try:
                index(hold, embedder_of=self.embedder_of)
            except Exception:
                log.exception("what became of a file could not be written; it is taken up again")
            finally:
                connections.close_all()
                with suppress(RuntimeError):  # the loop is closed: nobody waited any longer
                    self.loop.call_soon_threadsafe(finish)

        # A daemon, for which the process does not wait when it ends: it may be in a call to a model far away.
        threading.Thread(target=work, name=f"entry {hold.pk}", daemon=True).start()

    async def beat(self) -> None:
        await self.thread.call(lambda: waiting().filter(worker=self.name).update(heartbeat_at=timezone.now()))

    async def hand_back(self) -> None:
        """Free the entries: the worker that claims one next goes on where this one was."""
        for job in self.jobs.values():
            job.hold.given_up.set()
        await self.thread.call(lambda: waiting().filter(worker=self.name).update(worker="", heartbeat_at=None))
        if self.jobs:
            await asyncio.wait([job.done for job in self.jobs.values()], timeout=GRACE)
        await self.thread.close()


def _longest_waiting(*, besides: list[int], most: int) -> list[Candidate]:
    """At most ``most`` entries that no worker has claimed, but none of ``besides``, the oldest first."""
    free = waiting().filter(worker="").exclude(pk__in=besides).order_by("created_at", "pk")
    return [Candidate(*row) for row in free.values_list("pk", "attempt")[:most]] if most else []
