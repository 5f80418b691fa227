"""Makes the files of stores searchable, in the background of a server process.

Any number of processes may do so: an entry is claimed by one conditional UPDATE. A wake-up is only a hint; every few
seconds each looks at the rows anyway, and takes over at once what a process of this machine left when it died.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from django.db import close_old_connections, connections
from django.db.models import Q, QuerySet
from django.utils import timezone

from chat.documents import tokens
from chat.models import VectorStoreFile
from chat.models.liveness import Liveness
from chat.models.runs import STALE
from chat.retrieval.embedders import embedder_of
from chat.retrieval.indexing import claims as holds
from chat.retrieval.indexing.claims import WAITING, Hold
from chat.retrieval.indexing.index_file import EmbedderOf, index
from chat.retrieval.indexing.reindex import renew_all

log = logging.getLogger(__name__)
T = TypeVar("T")
AT_ONCE = 2  # files, so that a small one does not wait for a book
LOOK = 2.0  # seconds between two looks at the rows
HEARTBEAT = 10.0  # seconds
RENEWAL = 60.0  # seconds between two looks for stores whose model has changed
GRACE = 5.0  # seconds that a stop waits for threads that wait for a model

_awake: set[Ingestion] = set()


def wake() -> None:
    """Tell those of this process that entries wait. From any thread; call it after the commit."""
    for ingestion in tuple(_awake):
        ingestion.wake()


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


class Ingestion:
    """``await run()`` until ``await stop()``. ``folder`` keeps the lock that shows it alive."""

    def __init__(self, *, folder: Path, embedder_of: EmbedderOf = embedder_of) -> None:
        self.folder, self.embedder_of = folder, embedder_of
        self.held: dict[int, tuple[Hold, asyncio.Future[None]]] = {}
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ingestion")
        self.looking, self.news = asyncio.Lock(), asyncio.Event()
        self.liveness: Liveness | None = None
        self.stopping = self.swept = False
        self.beaten_at = self.renewed_at = float("-inf")

    async def run(self) -> None:
        """Work until stopped. A look that fails is logged and tried again."""
        self.loop = asyncio.get_running_loop()
        _awake.add(self)
        try:
            while not self.stopping:
                try:
                    async with self.looking:
                        await self._look()
                except Exception:
                    log.exception("the files that wait could not be looked at; it is tried again")
                await self._rest()
        finally:
            _awake.discard(self)

    def wake(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.news.set)

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await self.news.wait()
        self.news.clear()

    async def _look(self) -> None:
        if self.stopping:
            return
        if self.liveness is None:
            self.liveness = await asyncio.to_thread(Liveness, self.folder)
        now = self.loop.time()
        beats, renews = now - self.beaten_at > HEARTBEAT, now - self.renewed_at > RENEWAL
        held = {pk: hold for pk, (hold, _) in self.held.items()}
        look = Look(self.liveness, held)
        for hold in await self._in_thread(lambda: look.take(beats=beats, renews=renews)):
            self._start(hold)
        self.beaten_at = now if beats else self.beaten_at
        self.renewed_at = now if renews else self.renewed_at
        if not self.swept:
            self.swept = True
            await self._in_thread(prepare)
            # Only now: as long as the file of a dead process is there, it shows at once that it died.
            await asyncio.to_thread(self.liveness.sweep)

    def _start(self, hold: Hold) -> None:
        """In a thread that nobody waits for when the process ends: it may be in a call to a model far away."""
        done = self.loop.create_future()
        self.held[hold.pk] = hold, done

        def finish() -> None:
            del self.held[hold.pk]
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

        threading.Thread(target=work, name=f"entry {hold.pk}", daemon=True).start()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await self.loop.run_in_executor(self.thread, work)
        except Exception:
            await self.loop.run_in_executor(self.thread, close_old_connections)
            raise

    async def stop(self) -> None:
        """Claim no more and hand back what is held: whoever takes it goes on where it was."""
        self.stopping = True
        self.news.set()
        async with self.looking:
            pass  # what it was about to claim is held now
        for hold, _ in self.held.values():
            hold.given_up.set()
        if self.liveness is not None:
            mine = waiting().filter(worker=self.liveness.name)
            await self._in_thread(lambda: mine.update(worker="", heartbeat_at=None))
        if self.held:
            await asyncio.wait([done for _, done in self.held.values()], timeout=GRACE)
        await self._in_thread(connections.close_all)
        self.thread.shutdown()
        if self.liveness is not None:
            self.liveness.close()


class Look:
    """One look at the rows, by the process of ``liveness``, which holds ``held``."""

    def __init__(self, liveness: Liveness, held: dict[int, Hold]) -> None:
        self.liveness, self.held = liveness, held

    def take(self, *, beats: bool, renews: bool) -> list[Hold]:
        """Give up what is ours no more, free what the dead held, and claim what waits longest, if there is room."""
        if renews:
            renew_all()
        if beats:
            waiting().filter(worker=self.liveness.name).update(heartbeat_at=timezone.now())
        self._compare()
        return self._claim()

    def _compare(self) -> None:
        ours = set()
        taken = waiting().exclude(worker="").values_list("pk", "attempt", "worker", "heartbeat_at")
        for pk, attempt, worker, heartbeat_at in taken:
            if worker == self.liveness.name and pk in self.held:
                ours.add((pk, attempt))
                continue
            silent = heartbeat_at is None or timezone.now() - heartbeat_at > STALE
            # One of our own that is no longer held could not be ended when it should have been.
            if worker == self.liveness.name or silent or self.liveness.is_dead(worker):
                unchanged = Q(attempt=attempt, worker=worker, heartbeat_at=heartbeat_at)
                waiting().filter(unchanged, pk=pk).update(worker="", heartbeat_at=None)
        for pk, hold in self.held.items():
            if (pk, hold.attempt) not in ours:
                hold.given_up.set()

    def _claim(self) -> list[Hold]:
        room = AT_ONCE - len(self.held)
        free = waiting().filter(worker="").exclude(pk__in=list(self.held)).order_by("created_at", "pk")
        found = list(free.values_list("pk", "attempt")[:room]) if room > 0 else []
        claims = [holds.claim(pk, attempt=attempt, worker=self.liveness.name) for pk, attempt in found]
        return [hold for hold in claims if hold is not None]
