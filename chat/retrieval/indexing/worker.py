"""The worker that indexes the files of stores in the background of a server process, or of ``manage.py ingest``.

Every few seconds it claims entries that wait, and frees at once what a process of this machine left when it died.
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

from chat.background.database_threads import DatabaseThreads
from chat.background.polling import PollingWorker
from chat.documents.passages import count_tokens
from chat.models import VectorStoreFile
from chat.retrieval.embedders import embedder_of
from chat.retrieval.indexing import claims
from chat.retrieval.indexing.claims import WAITING, Claim
from chat.retrieval.indexing.index_file import EmbedderOf, index_entry
from chat.retrieval.indexing.reindex import reindex_all

log = logging.getLogger(__name__)
AT_ONCE = 2  # files, so that a small one does not wait for a book
INTERVAL = 2.0  # seconds between two looks at the rows
RENEWAL = 60.0  # seconds between two looks for stores whose model has changed
GRACE = 5.0  # seconds that a stop waits for threads that wait for a model


def folder(data_dir: Path) -> Path:
    """Return the folder of the locks that show which workers are alive."""
    return data_dir / "ingestion"


def waiting() -> QuerySet[VectorStoreFile]:
    """Return the entries that are being read or are to be."""
    return VectorStoreFile.objects.filter(status=WAITING)


def prepare() -> None:
    """Load the tokenizer if files will be read."""
    # Loading it later would hold up all threads for half a second.
    if VectorStoreFile.objects.exists():
        count_tokens("")


class WaitingEntry(NamedTuple):
    """An entry that may be claimed: its key, and which attempt at it is due."""

    pk: int
    attempt: int


class EntryJob(NamedTuple):
    """The claim on an entry, and the end of the thread that works on it."""

    claim: Claim
    done: asyncio.Future[None]


class IndexingWorker(PollingWorker[WaitingEntry, EntryJob]):
    """A worker on entries of stores, each in a thread of its own."""

    interval = INTERVAL

    def __init__(self, *, folder: Path, embedder_of: EmbedderOf = embedder_of) -> None:
        super().__init__(folder=folder, limit=AT_ONCE)
        self.embedder_of = embedder_of
        self.thread = DatabaseThreads("ingestion")
        self.renewed_at = float("-inf")

    async def review(self) -> list[WaitingEntry]:
        """Give up claims that were lost, free the entries of dead workers, and return the entries that wait longest."""
        if not self.is_swept:  # the first time
            await self.thread.call(prepare)
        if self.loop.time() - self.renewed_at > RENEWAL:
            await self.thread.call(reindex_all)
            self.renewed_at = self.loop.time()
        current = {job.claim.pk: job.claim for job in self.jobs.values()}
        return await self.thread.call(self._compare, current)

    def _compare(self, current: dict[int, Claim]) -> list[WaitingEntry]:
        """Compare the rows with the ``current`` claims. Return the entries to claim next, the oldest first."""
        ours = set()
        claimed = waiting().exclude(worker="").values_list("pk", "attempt", "worker", "heartbeat_at")
        for pk, attempt, worker, heartbeat_at in claimed:
            if worker == self.name and pk in current:
                ours.add((pk, attempt))
            elif self.is_orphan(worker=worker, heartbeat_at=heartbeat_at):
                unchanged = Q(attempt=attempt, worker=worker, heartbeat_at=heartbeat_at)
                waiting().filter(unchanged, pk=pk).update(worker="", heartbeat_at=None)
        for pk, claim in current.items():
            if (pk, claim.attempt) not in ours:
                claim.given_up.set()
        free = waiting().filter(worker="").exclude(pk__in=current).order_by("created_at", "pk")
        return [WaitingEntry(*row) for row in free.values_list("pk", "attempt")[: self.room]] if self.room else []

    async def claim(self, row: WaitingEntry) -> None:
        claim = await self.thread.call(claims.claim, row.pk, attempt=row.attempt, worker=self.name)
        if claim is None:
            return
        done = self.loop.create_future()
        self.jobs[claim.pk] = EntryJob(claim, done)

        def finish() -> None:
            del self.jobs[claim.pk]
            done.set_result(None)
            self.news.set()

        def work() -> None:
            try:
                index_entry(claim, embedder_of=self.embedder_of)
            except Exception:
                log.exception("what became of a file could not be written; it is taken up again")
            finally:
                connections.close_all()
                with suppress(RuntimeError):  # the loop is closed: nobody waited any longer
                    self.loop.call_soon_threadsafe(finish)

        # A daemon, for which the process does not wait when it ends: it may be in a call to a model far away.
        threading.Thread(target=work, name=f"entry {claim.pk}", daemon=True).start()

    async def beat(self) -> None:
        await self.thread.call(lambda: waiting().filter(worker=self.name).update(heartbeat_at=timezone.now()))

    async def hand_back(self) -> None:
        """Free the entries: the worker that claims one next goes on where this one was."""
        for job in self.jobs.values():
            job.claim.given_up.set()
        await self.thread.call(lambda: waiting().filter(worker=self.name).update(worker="", heartbeat_at=None))
        if self.jobs:
            await asyncio.wait([job.done for job in self.jobs.values()], timeout=GRACE)
        await self.thread.close()
