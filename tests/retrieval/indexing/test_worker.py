"""Who reads which file, and what becomes of those that nobody reads any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from chat.actions.knowledge import staff, store_files, vector_stores
from chat.background.polling import Liveness
from chat.models import User, VectorStore, VectorStoreFile
from chat.models.vector_stores import BUILT_IN, Origin
from chat.retrieval.indexing import index_file, worker
from chat.retrieval.indexing.claims import waiting
from chat.retrieval.indexing.reindex import reindex_store
from chat.retrieval.indexing.worker import IndexingWorker
from tests.engine.stage import in_thread, until
from tests.retrieval.reading import PlainEmbedder, file_with, left, only, store_of, text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ingestion"


@asynccontextmanager
async def at_work(folder: Path, embedder: PlainEmbedder | None = None) -> AsyncIterator[IndexingWorker]:
    used = embedder or PlainEmbedder()
    working = IndexingWorker(folder=folder, embedder_of=lambda store: used)
    task = asyncio.create_task(working.run())
    try:
        yield working
    finally:
        await working.stop()
        await task


def many(owner: User, count: int) -> VectorStore:
    """A store of so many small files, each another."""
    return store_of(owner, *[file_with(owner, f"{n}.txt", text(5, word=f"file{n}x")) for n in range(count)])


def statuses(store: VectorStore) -> list[str]:
    return list(store.entries.order_by("pk").values_list("status", flat=True))


async def is_read(store: VectorStore) -> None:
    await until(lambda: set(statuses(store)) == {"completed"}, what="the files to be read")


class TestAnIndexingWorker:
    async def test_reads_what_waited_before_it_started(self, ada: User, folder: Path) -> None:
        store = await in_thread(many)(ada, 5)
        async with at_work(folder):
            await is_read(store)

    @pytest.mark.skipif(
        connection.vendor == "postgresql", reason="there a job tells of them: tests/background/test_jobs.py"
    )
    async def test_hears_of_new_files_at_once(self, ada: User, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(IndexingWorker, "interval", 1000.0)
        async with at_work(folder) as working:
            await until(lambda: working.is_swept)
            await is_read(await in_thread(many)(ada, 3))

    async def test_reads_the_oldest_first_and_two_at_once(self, ada: User, folder: Path) -> None:
        store = await in_thread(many)(ada, 4)
        gate, seen = threading.Event(), []

        def wait(texts: Sequence[str]) -> None:
            seen.append(texts[0].split("\n")[1].split("x")[0])
            gate.wait(20)

        async with at_work(folder, PlainEmbedder(wait)):
            await until(lambda: len(seen) == 2)
            held = await in_thread(lambda: store.entries.exclude(worker="").count())()
            assert (sorted(seen), held) == (["file0", "file1"], 2)
            gate.set()
            await is_read(store)

    async def test_lets_a_small_file_pass_a_large_one(self, ada: User, folder: Path) -> None:
        store = await in_thread(many)(ada, 3)
        gate = threading.Event()

        def stuck(texts: Sequence[str]) -> None:
            if "file0" in texts[0]:
                gate.wait(20)

        async with at_work(folder, PlainEmbedder(stuck)):
            await until(lambda: statuses(store) == ["in_progress", "completed", "completed"])
            gate.set()
            await is_read(store)

    async def test_goes_on_after_a_file_that_cannot_be_read(self, ada: User, folder: Path) -> None:
        broken = await in_thread(file_with)(ada, "a.pdf", b"no PDF")
        fine = await in_thread(file_with)(ada, "b.txt", b"hello")
        store = await in_thread(store_of)(ada, broken, fine)
        async with at_work(folder):
            await until(lambda: statuses(store) == ["failed", "completed"])

    async def test_hands_back_what_it_has_when_it_is_stopped(
        self, ada: User, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(index_file, "EVERY", 0.0)
        monkeypatch.setattr(index_file, "FEWEST", 1)
        monkeypatch.setattr(index_file, "MOST", 1)
        store = await in_thread(lambda: store_of(ada, file_with(ada, "a.txt", text(300))))()
        gate, inside = threading.Event(), threading.Event()

        def wait(texts: Sequence[str]) -> None:
            if len(first.asked) == 5:
                inside.set()
                gate.wait(20)

        first = PlainEmbedder(wait)
        working = IndexingWorker(folder=folder, embedder_of=lambda store: first)
        task = asyncio.create_task(working.run())
        await until(inside.is_set)
        stopping = asyncio.create_task(working.stop())
        row = await until(lambda: store.entries.filter(worker="").first(), what="the entry to be handed back")
        assert (row.status, row.is_cut) == ("in_progress", True)
        gate.set()
        await stopping
        await task
        second = PlainEmbedder()
        async with at_work(folder, second):
            await is_read(store)

        _passages, windows = await in_thread(left)(row)
        assert windows == 5 + len(second.asked) > 10

    async def test_gives_up_a_file_that_is_cancelled_before_it_is_through_with_it(
        self, ada: User, folder: Path
    ) -> None:
        await in_thread(many)(ada, 1)
        gate, inside = threading.Event(), threading.Event()

        def wait(texts: Sequence[str]) -> None:
            inside.set()
            gate.wait(20)

        async with at_work(folder, PlainEmbedder(wait)) as working:
            await until(inside.is_set)
            (claim, _done, _attached) = next(iter(working.jobs.values()))
            await VectorStoreFile.objects.aupdate(status="cancelled", worker="")
            working.wake()
            await until(claim.given_up.is_set)
            gate.set()
            await until(lambda: not working.jobs)

        assert await in_thread(left)(claim.pk) == (0, 0)


class TestTheOrderOfReading:
    """A worker reads one file after another here, as each waits until the one before is through."""

    @pytest.fixture
    def order(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The files, in the order in which they were begun: one word for each, of which it consists."""
        monkeypatch.setattr(worker, "AT_ONCE", 1)
        monkeypatch.setattr(worker, "IN_ALL", 1)
        return []

    def store(self, owner: User, *words: str, **fields: Any) -> VectorStore:
        return store_of(owner, *[file_with(owner, f"{word}.txt", word.encode()) for word in words], **fields)

    async def read_all(self, folder: Path, order: list[str]) -> None:
        async with at_work(folder, PlainEmbedder(lambda texts: order.extend(text.split()[-1] for text in texts))):
            await until(lambda: not any(rows.exists() for rows in waiting()))

    async def test_takes_what_was_attached_to_a_chat_first(self, ada: User, folder: Path, order: list[str]) -> None:
        await in_thread(self.store)(ada, "a", "b", "c")
        await in_thread(self.store)(ada, "attached", origin=Origin.ATTACHMENT)
        await self.read_all(folder, order)
        assert order == ["attached", "a", "b", "c"]

    async def test_gives_each_owner_a_turn(self, ada: User, bob: User, folder: Path, order: list[str]) -> None:
        await in_thread(self.store)(ada, "a", "b", "c")
        await in_thread(self.store)(bob, "x", "y")
        await self.read_all(folder, order)
        assert order == ["a", "x", "b", "y", "c"]

    async def test_gives_each_store_of_an_owner_a_turn(self, ada: User, folder: Path, order: list[str]) -> None:
        await in_thread(self.store)(ada, "a", "b")
        await in_thread(self.store)(ada, "x", "y")
        await self.read_all(folder, order)
        assert order == ["a", "x", "b", "y"]

    async def test_takes_last_what_words_find_already(self, ada: User, folder: Path, order: list[str]) -> None:
        store = await in_thread(self.store)(ada, "a", "b")
        await self.read_all(folder, order)
        await VectorStoreFile.objects.aupdate(embedded_by="another")
        await in_thread(self.store)(ada, "c", "d")
        assert await in_thread(reindex_store)(store) == 2
        await self.read_all(folder, order)
        assert order == ["a", "b", "c", "d", "a", "b"]

    async def test_keeps_a_place_for_attached_files_beside_long_ones(self, ada: User, folder: Path) -> None:
        await in_thread(many)(ada, 2)
        gate, seen = threading.Event(), []

        def wait(texts: Sequence[str]) -> None:
            seen.append(texts[0])
            if "file" in texts[0]:
                gate.wait(20)

        async with at_work(folder, PlainEmbedder(wait)):
            await until(lambda: len(seen) == 2)
            attached = await in_thread(self.store)(ada, "attached", origin=Origin.ATTACHMENT)
            await is_read(attached)
            gate.set()

    async def test_keeps_a_place_for_other_files_beside_attached_ones(self, ada: User, folder: Path) -> None:
        await in_thread(self.store)(ada, "one", "two", "three", origin=Origin.ATTACHMENT)
        gate, seen = threading.Event(), []

        def wait(texts: Sequence[str]) -> None:
            seen.append(texts[0])
            if "file" not in texts[0]:
                gate.wait(20)

        async with at_work(folder, PlainEmbedder(wait)):
            await until(lambda: len(seen) == 2)
            await is_read(await in_thread(many)(ada, 2))
            gate.set()

    async def test_has_the_vectors_of_attached_files_made_first(self, ada: User, folder: Path) -> None:
        asked: dict[str, bool] = {}

        class Embedder(PlainEmbedder):
            def embed(self, texts: Sequence[str], *, urgent: bool = False) -> Any:
                asked[texts[0].split()[-1]] = urgent
                return super().embed(texts)

        await in_thread(self.store)(ada, "attached", origin=Origin.ATTACHMENT)
        await in_thread(self.store)(ada, "other")
        async with at_work(folder, Embedder()):
            await until(lambda: len(asked) == 2)
        assert asked == {"attached": True, "other": False}


class TestOfTwoAtWork:
    async def test_each_file_is_read_by_one(self, ada: User, folder: Path) -> None:
        store = await in_thread(many)(ada, 20)
        one, two = PlainEmbedder(), PlainEmbedder()
        async with at_work(folder, one), at_work(folder, two):
            await is_read(store)

        assert len(one.asked) + len(two.asked) == len(set(one.asked + two.asked)) == 20

    async def test_the_one_leaves_alone_what_the_other_holds(self, ada: User, folder: Path) -> None:
        store = await in_thread(many)(ada, 2)
        other = Liveness(folder)
        await asyncio.to_thread(other.open)
        entries = [entry async for entry in store.entries.order_by("pk")]
        mine = VectorStoreFile.objects.filter(pk=entries[0].pk)
        await mine.aupdate(worker=other.name, heartbeat_at=timezone.now())
        async with at_work(folder):
            await until(lambda: statuses(store) == ["in_progress", "completed"])
            assert other.lock is not None
            other.lock.close()  # as when its process dies
            await is_read(store)

    async def test_one_that_is_silent_elsewhere_is_taken_for_dead(self, ada: User, folder: Path) -> None:
        store = await in_thread(many)(ada, 1)
        silent = timezone.now() - timedelta(minutes=12)
        await VectorStoreFile.objects.aupdate(worker="elsewhere", heartbeat_at=silent)
        async with at_work(folder):
            await is_read(store)

    async def test_what_it_lost_hold_of_itself_is_taken_up_again(self, ada: User, folder: Path) -> None:
        async with at_work(folder) as working:
            await until(lambda: working.is_swept)
            store = await in_thread(many)(ada, 1)
            await is_read(store)
            await VectorStoreFile.objects.aupdate(
                status="in_progress", worker=working.name, heartbeat_at=timezone.now()
            )
            working.wake()
            await is_read(store)


class TestAStoreWhoseModelChanges:
    async def test_has_its_files_read_anew(self, ada: User, folder: Path, scripted: Any) -> None:
        store = await in_thread(many)(ada, 2)
        async with at_work(folder):
            await is_read(store)
        await VectorStore.objects.aupdate(embedding_provider=scripted, embedding_model="another")
        version = (await VectorStore.objects.aget()).version
        async with at_work(folder):
            await in_thread(staff.reindex_all)()
            await until(
                lambda: store.entries.filter(embedded_by=f"{scripted.pk}:another", status="completed").count() == 2
            )

        assert (await VectorStore.objects.aget()).version > version

    async def test_has_them_read_anew_when_its_provider_is_deleted(
        self, ada: User, folder: Path, scripted: Any
    ) -> None:
        store = await in_thread(many)(ada, 1)
        await VectorStore.objects.aupdate(embedding_provider=scripted, embedding_model="another")
        async with at_work(folder):
            await is_read(store)
        await in_thread(scripted.delete)()
        async with at_work(folder):
            await in_thread(staff.reindex_all)()
            await until(lambda: store.entries.filter(embedded_by=BUILT_IN, status="completed").exists())


class TestAFileThatLeaves:
    async def test_its_store_while_it_is_read_is_never_seen_again(self, ada: User, folder: Path) -> None:
        store = await in_thread(many)(ada, 1)
        gate, inside = threading.Event(), threading.Event()

        def wait(texts: Sequence[str]) -> None:
            inside.set()
            gate.wait(20)

        async with at_work(folder, PlainEmbedder(wait)) as working:
            await until(inside.is_set)
            await in_thread(lambda: store_files.delete(only(store)))()
            gate.set()
            await until(lambda: not working.jobs)

        assert not await VectorStoreFile.objects.aexists()
        await in_thread(vector_stores.delete)(ada, store.id)
