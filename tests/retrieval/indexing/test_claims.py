"""What happens to a file in the middle of its being read, and that only one worker reads it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

from chat.actions.files import files
from chat.actions.knowledge import file_batches, vector_stores
from chat.documents.sections import Section
from chat.errors import ModelNotFound
from chat.models import Passage, User, VectorStore, VectorStoreFile, Window
from chat.retrieval.indexing import claims, index_file, passage_rows
from chat.retrieval.indexing.index_file import index_entry
from tests.retrieval.reading import (
    SMALL,
    PlainEmbedder,
    at_last_closing,
    claimed,
    file_with,
    indexed,
    left,
    only,
    plain,
    store_of,
    text,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]


class Interrupt:
    """Does something to the entry in the middle of its being embedded."""

    def __init__(self, deed: Any, *, after: int = 1) -> None:
        self.deed, self.after, self.calls = deed, after, 0

    def __call__(self, texts: Sequence[str]) -> None:
        self.calls += 1
        if self.calls == self.after:
            self.deed()


class TestInTheMiddle:
    @pytest.fixture(autouse=True)
    def _eager(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each vector is written at once."""
        monkeypatch.setattr(index_file, "EVERY", 0.0)
        monkeypatch.setattr(index_file, "FEWEST", 1)
        monkeypatch.setattr(index_file, "MOST", 1)

    def test_a_file_can_be_left_and_taken_up_by_another(self, entry: VectorStoreFile) -> None:
        claim = claimed(entry, worker="first")
        first = PlainEmbedder(Interrupt(claim.given_up.set, after=5))
        index_entry(claim, embedder_of=lambda store: first)
        row = VectorStoreFile.objects.get(pk=entry.pk)
        assert (row.status, row.worker, row.is_cut) == ("in_progress", "first", True)
        assert 0 < row.progress < 100
        VectorStoreFile.objects.update(worker="")
        second = PlainEmbedder()
        done = indexed(row, second)

        assert done.status == "completed"
        document = text(200).decode()
        windows = [f"notes\n{document[window.char_from : window.char_to]}" for window in done.windows.all()]
        assert first.asked[:4] + second.asked == windows
        assert done.usage_bytes == indexed_afresh(done).usage_bytes

    def test_of_cutting_it_begins_anew(self, entry: VectorStoreFile) -> None:
        """Section 9: one entry a file, and its passages once."""
        Passage.objects.create(
            entry=entry, place=0, text="left behind", char_from=0, char_to=11, window_from=0, window_to=1
        )
        Window.objects.create(entry=entry, place=0, char_from=0, char_to=11)
        done = indexed(entry)

        assert not done.passages.filter(text="left behind").exists()
        assert done.status == "completed"

    def test_a_file_that_is_put_in_anew_is_left_to_that(self, entry: VectorStoreFile, ada: User) -> None:
        other = {"type": "static", "static": {"max_chunk_size_tokens": 400, "chunk_overlap_tokens": 0}}

        def again() -> None:
            vector_stores.add_file(entry.store, file=entry.file, chunking_strategy=other)

        row = indexed(entry, PlainEmbedder(Interrupt(again)))
        assert (row.status, row.attempt, row.worker, row.is_cut) == ("in_progress", entry.attempt + 1, "", False)
        done = indexed(row)

        assert done.status == "completed"
        alone = indexed(only(store_of(ada, file_with(ada, "b.md", text(200)), strategy=other)))
        assert left(done) == left(alone)

    def test_a_file_that_is_cancelled_leaves_nothing(self, ada: User) -> None:
        store = VectorStore.objects.create(owner=ada)
        file = file_with(ada, "a.txt", text(200))
        batch = file_batches.create(ada, store.id, batch_files=[file_batches.BatchFile(file.id)])
        row = indexed(only(store), PlainEmbedder(Interrupt(lambda: file_batches.cancel(batch))))

        assert (row.status, row.last_error, left(row)) == ("cancelled", None, (0, 0))

    @pytest.mark.parametrize("what", ["file", "entry", "store", "owner"])
    def test_a_file_that_is_deleted_leaves_nothing_and_no_word(
        self, entry: VectorStoreFile, ada: User, caplog: pytest.LogCaptureFixture, what: str
    ) -> None:
        deeds = {
            "file": lambda: files.delete(ada, entry.file_id),
            "entry": entry.delete,
            "store": lambda: vector_stores.delete(ada, entry.store_id),
            "owner": ada.delete,
        }
        pk, claim = entry.pk, claimed(entry)
        embedder = PlainEmbedder(Interrupt(deeds[what]))
        index_entry(claim, embedder_of=lambda store: embedder)

        assert not VectorStoreFile.objects.exists()
        assert left(pk) == (0, 0)
        assert not Passage.objects.exists()
        assert caplog.text == ""

    def test_a_file_that_is_deleted_while_it_is_cut_leaves_nothing(
        self, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(passage_rows, "BATCH", 1)
        for number in range(5):
            file = file_with(ada, "long.txt", text(2000, word=f"try{number}x"))
            claim = claimed(only(store_of(ada, file, strategy=SMALL)))
            thread = threading.Thread(target=at_last_closing(lambda claim=claim: index_entry(claim, embedder_of=plain)))
            thread.start()
            while not Passage.objects.filter(entry=claim.pk, place=number).exists():
                assert thread.is_alive()
            files.delete(ada, file.id)
            thread.join()

        assert not Passage.objects.exists()
        assert not VectorStoreFile.objects.exists()

    def test_a_model_that_changes_has_it_read_anew(self, entry: VectorStoreFile, scripted: Any) -> None:
        claim = claimed(entry)
        embedder = PlainEmbedder(Interrupt(claim.given_up.set, after=3))
        index_entry(claim, embedder_of=lambda store: embedder)
        VectorStoreFile.objects.update(worker="")
        VectorStore.objects.update(embedding_provider=scripted, embedding_model="another")
        again = PlainEmbedder()
        done = indexed(VectorStoreFile.objects.get(), again)

        assert done.embedded_by == f"{scripted.pk}:another"
        assert len(again.asked) == done.windows.count()

    def test_a_database_that_does_not_write_is_waited_for(
        self, entry: VectorStoreFile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(index_file, "PAUSE", 0.01)

        def refuse() -> None:
            raise OperationalError("database or disk is full")

        row = indexed(entry, PlainEmbedder(Interrupt(refuse, after=3)))
        assert (row.status, row.worker, row.is_cut) == ("in_progress", "", True)
        assert "disk is full" in caplog.text
        assert indexed(row).status == "completed"


def indexed_afresh(entry: VectorStoreFile) -> VectorStoreFile:
    """The same text in a store of its own, under another name, so that nothing is copied."""
    file = file_with(entry.file.owner, "another.md", text(200))
    return indexed(only(store_of(entry.file.owner, file, strategy=SMALL)))


class Thief:
    """Another worker, which takes the entry over before one of the steps of the worker that has it, in number."""

    def __init__(self, pk: int, *, at: int) -> None:
        self.pk, self.steps_left = pk, at
        self.left: Any = None  # the rows as they were then

    def rows(self) -> Any:
        models = (Passage, Window)
        rows = [list(model.objects.filter(entry=self.pk).order_by("pk").values()) for model in models]
        return VectorStoreFile.objects.filter(pk=self.pk).values().get(), rows

    def step(self) -> None:
        if connection.in_atomic_block or asyncio._get_running_loop():
            return  # the row is locked, or only the flag is looked at
        self.steps_left -= 1
        if self.steps_left == 0:
            VectorStoreFile.objects.filter(pk=self.pk).update(worker="another")
            self.left = self.rows()

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have each write of a claim be a step, and each look at its row."""
        for name in ("check", "rows"):
            monkeypatch.setattr(claims.Claim, name, self._after_a_step(getattr(claims.Claim, name)))

    def _after_a_step(self, method: Any) -> Any:
        def stepping(claim: claims.Claim) -> Any:
            self.step()
            return method(claim)

        return stepping


class TestAWorkerThatWasCutOff:
    @pytest.mark.parametrize("ends", ["completed", "completed with other vectors", "completed as a twin", "failed"])
    def test_writes_nothing_more_wherever_it_was(self, ada: User, monkeypatch: pytest.MonkeyPatch, ends: str) -> None:
        async def read(path: Path, **options: Any) -> AsyncGenerator[Section, None]:
            yield Section(None, "", await asyncio.to_thread(path.read_text))  # a child process for each would take long

        monkeypatch.setattr(passage_rows, "read_document", read)
        monkeypatch.setattr(passage_rows, "BATCH", 2)
        monkeypatch.setattr(index_file, "EVERY", 0.0)
        steps = 0
        while True:
            steps += 1
            file = file_with(ada, "a.md", text(60, word=ends.replace(" ", "")))
            entry = only(store_of(ada, file, strategy=SMALL))
            if "other" in ends:
                indexed(entry)
                VectorStoreFile.objects.filter(pk=entry.pk).update(needs_vectors=True, embedded_by="another")
            elif "twin" in ends:
                indexed(only(store_of(ada, file, strategy=SMALL)))
            thief, claim = Thief(entry.pk, at=steps), claimed(entry)
            with monkeypatch.context() as watched:
                thief.watch(watched)
                index_entry(claim, embedder_of=lambda store: PlainEmbedder(_broken if ends == "failed" else _fine))
            if thief.left is None:
                break  # it has fewer steps
            assert thief.rows() == thief.left
            files.delete(ada, file.id)
        assert steps > 5
        assert VectorStoreFile.objects.get(pk=entry.pk).status == ends.partition(" ")[0]


def _fine(texts: Sequence[str]) -> None:
    pass


def _broken(texts: Sequence[str]) -> None:
    raise ModelNotFound("There is no such model.")


class TestTwoWorkers:
    def test_never_have_the_same_entry(self, entry: VectorStoreFile) -> None:
        gate = threading.Barrier(8)
        won = []

        def claim() -> None:
            gate.wait()
            name = threading.current_thread().name
            if claims.claim(entry.pk, attempt=entry.attempt, worker=name):
                won.append(name)

        threads = [threading.Thread(target=at_last_closing(claim)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(won) == 1
        assert VectorStoreFile.objects.get().worker == won[0]
