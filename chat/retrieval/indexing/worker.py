"""The worker that indexes the files of stores in the background of a server process, or of ``manage.py ingest``.

Every few seconds it claims entries that wait, and frees at once what a process of this machine left when it died. Files
that people attached to a chat and wait for go before others; else owners take turns, and each owner's stores. Those
that are found by their words already come last.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connections
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from chat.background.database_threads import DatabaseThreads
from chat.background.polling import PollingWorker
from chat.documents.passages import count_tokens
from chat.models import VectorStoreFile
from chat.models.vector_stores import Origin
from chat.retrieval.embedders import embedder_of
from chat.retrieval.indexing import claims, local_copies
from chat.retrieval.indexing.claims import Claim, waiting
from chat.retrieval.indexing.index_file import EmbedderOf, index_entry

log = logging.getLogger(__name__)
AT_ONCE = 2  # attached files, and as many others, so that a small one does not wait for a book
IN_ALL = 3  # so that neither kind waits for the other
INTERVAL = 2.0  # seconds between two looks at the rows
GRACE = 5.0  # seconds that a stop waits for threads that wait for a model


def folder(data_dir: Path) -> Path:
    """Return the folder of the locks that show which workers are alive."""
    return data_dir / "ingestion"


def prepare() -> None:
    """Load the tokenizer if files will be read."""
    # Loading it later would hold up all threads for half a second.
    if VectorStoreFile.objects.exists():
        count_tokens("")


class WaitingEntry(NamedTuple):
    """An entry that may be claimed: its key, which attempt at it is due, and whether it was attached to a chat."""

    pk: int
    attempt: int
    attached: bool


class EntryJob(NamedTuple):
    """The claim on an entry, the end of the thread that works on it, and whether it was attached to a chat."""

    claim: Claim
    done: asyncio.Future[None]
    attached: bool


class _Store(NamedTuple):
    """A store with entries that may be claimed, all of which are to be read, or all to be given new vectors."""

    id: str
    owner: int
    needs_vectors: bool
    attached: bool
    oldest: datetime


def _stores(entries: QuerySet[VectorStoreFile]) -> list[_Store]:
    """Return the stores of ``entries``, with one query."""
    columns = ("store", "store__owner", "needs_vectors", "store__origin")
    rows = entries.order_by().values_list(*columns).annotate(oldest=Min("created_at"))
    return [
        _Store(id, owner, needs_vectors, origin == Origin.ATTACHMENT, oldest)
        for id, owner, needs_vectors, origin, oldest in rows
    ]


class Turns:
    """Whose turn it is: of several that wait, his who was served longest ago, or never."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._served: dict[object, int] = {}

    def last(self, who: object) -> int:
        """Return a number that is the higher, the later ``who`` was served; 0 if never."""
        return self._served.get(who, 0)

    def serve(self, *those: object) -> None:
        """Note that it was their turn."""
        number = next(self._numbers)
        self._served.update(dict.fromkeys(those, number))

    def keep(self, waiting: set[object]) -> None:
        """Forget all but those who are ``waiting``."""
        self._served = {who: number for who, number in self._served.items() if who in waiting}


class IndexingWorker(PollingWorker[WaitingEntry, EntryJob]):
    """A worker on entries of stores, each in a thread of its own."""

    interval = INTERVAL

    def __init__(self, *, folder: Path, embedder_of: EmbedderOf = embedder_of) -> None:
        super().__init__(folder=folder, limit=IN_ALL)
        self.embedder_of = embedder_of
        self.turns = Turns()
        self.thread = DatabaseThreads("ingestion")
        self.polled = asyncio.Condition()  # notified after each look at the rows

    async def poll(self) -> None:
        await super().poll()
        async with self.polled:
            self.polled.notify_all()

    async def look(self, *, attached: bool) -> bool:
        """Look at the rows now. Return whether there is room left for one more file that is, or is not, attached."""
        async with self.polling:
            if not self.stopping:
                await self.poll()
        return self._has_room(attached=attached)

    async def until_room(self, *, attached: bool) -> None:
        """Wait until a look at the rows has left room for such a file, or the worker stops."""
        async with self.polled:
            await self.polled.wait_for(lambda: self.stopping or self._has_room(attached=attached))

    def _has_room(self, *, attached: bool) -> bool:
        kinds = [job.attached for job in self.jobs.values()]
        return len(kinds) < IN_ALL and kinds.count(attached) < AT_ONCE

    async def review(self) -> list[WaitingEntry]:
        """Give up claims that were lost, free the entries of dead workers, and return the entries to claim next."""
        if not self.is_swept:  # the first time
            await self.thread.call(prepare)
            await asyncio.to_thread(local_copies.sweep)
        jobs = list(self.jobs.values())
        await self.thread.call(self._compare, {job.claim.pk: job.claim for job in jobs})
        return await self.thread.call(self._next, jobs) if self.room else []

    def _compare(self, current: dict[int, Claim]) -> None:
        """Compare the rows with the ``current`` claims: give up those that were lost, free what the dead left."""
        ours = set()
        columns = ("pk", "attempt", "worker", "heartbeat_at")
        claimed = [row for rows in waiting() for row in rows.exclude(worker="").values_list(*columns)]
        for pk, attempt, worker, heartbeat_at in claimed:
            if worker == self.name and pk in current:
                ours.add((pk, attempt))
            elif self.is_orphan(worker=worker, heartbeat_at=heartbeat_at):
                unchanged = Q(attempt=attempt, worker=worker, heartbeat_at=heartbeat_at)
                VectorStoreFile.objects.filter(unchanged, pk=pk).update(worker="", heartbeat_at=None)
        for pk, claim in current.items():
            if (pk, claim.attempt) not in ours:
                claim.given_up.set()

    def _next(self, jobs: Sequence[EntryJob]) -> list[WaitingEntry]:
        """Return the entries to claim beside ``jobs``, in the order of claiming."""
        taken = [job.claim.pk for job in jobs]
        free = [rows.filter(worker="").exclude(pk__in=taken) for rows in waiting()]
        stores = [store for rows in free for store in _stores(rows)]
        self.turns.keep({who for store in stores for who in (store.id, store.owner)})
        kinds = [job.attached for job in jobs]
        chosen: list[WaitingEntry] = []
        while len(kinds) < IN_ALL and (stores := [store for store in stores if kinds.count(store.attached) < AT_ONCE]):
            store = min(stores, key=self._rank)
            rest = free[store.needs_vectors].filter(store__id=store.id).exclude(pk__in=[entry.pk for entry in chosen])
            if row := rest.order_by("created_at", "pk").values_list("pk", "attempt").first():
                chosen.append(WaitingEntry(*row, store.attached))
                kinds.append(store.attached)
                self.turns.serve(store.owner, store.id)
            else:
                stores.remove(store)
        return chosen

    def _rank(self, store: _Store) -> tuple[bool, bool, int, int, datetime]:
        """Return what sorts the store first whose turn it is."""
        turn = self.turns.last(store.owner), self.turns.last(store.id)
        return (store.needs_vectors, not store.attached, *turn, store.oldest)

    async def claim(self, row: WaitingEntry) -> None:
        claim = await self.thread.call(claims.claim, row.pk, attempt=row.attempt, worker=self.name)
        if claim is None:
            return
        done = self.loop.create_future()
        self.jobs[claim.pk] = EntryJob(claim, done, row.attached)

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
        await self.thread.call(self._update, heartbeat_at=timezone.now())

    def _update(self, **columns: Any) -> None:
        """Change the rows of this worker."""
        for rows in waiting():
            rows.filter(worker=self.name).update(**columns)

    async def hand_back(self) -> None:
        """Free the entries: the worker that claims one next goes on where this one was."""
        for job in self.jobs.values():
            job.claim.given_up.set()
        async with self.polled:
            self.polled.notify_all()
        await self.thread.call(self._update, worker="", heartbeat_at=None)
        if self.jobs:
            await asyncio.wait([job.done for job in self.jobs.values()], timeout=GRACE)
        await self.thread.close()
