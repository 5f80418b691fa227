"""One file of a store, from its bytes to what a search finds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone

from chat.actions import file_batches, files, filling, vector_stores
from chat.actions.expiry import sweep
from chat.errors import KeyRefused, Unreachable
from chat.models import Passage, User, VectorStore, VectorStoreFile, Window
from chat.retrieval import copying, cutting, embedding, holds, indexing, sections
from chat.retrieval.indexing import index
from chat.retrieval.renewal import renew_all
from tests.documents import samples
from tests.retrieval.reading import (
    PlainEmbedder,
    file_with,
    held,
    indexed,
    left,
    only,
    store_of,
    text,
    texts_of,
    vector,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]
SMALL = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}}


@pytest.fixture
def entry(ada: User) -> VectorStoreFile:
    """A text of some ten passages that waits to be read."""
    return only(store_of(ada, file_with(ada, "notes.txt", text(200)), strategy=SMALL))


def plain(store: VectorStore) -> PlainEmbedder:
    return PlainEmbedder()


def at_last_closing(work: Callable[[], None]) -> Callable[[], None]:
    """``work``, for a thread of its own."""

    def done() -> None:
        try:
            work()
        finally:
            connections.close_all()

    return done


def words_of(entry: VectorStoreFile) -> int:
    """How many of its passages the full-text search has."""
    keys = set(entry.passages.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT rowid FROM chat_passage_words")
        return len(keys & {key for (key,) in cursor.fetchall()})


class TestAFile:
    def test_becomes_passages_that_can_be_found(self, entry: VectorStoreFile) -> None:
        document = text(200).decode()
        version = entry.store.version
        done = indexed(entry)

        assert (done.status, done.progress, done.last_error, done.notice) == ("completed", 100, None, "")
        assert (done.worker, done.is_cut, done.embedded_by) == ("", True, "all-MiniLM-L6-v2")
        passages = list(done.passages.all())
        assert len(passages) > 5
        assert [passage.place for passage in passages] == list(range(len(passages)))
        assert all(document[passage.char_from : passage.char_to] == passage.text for passage in passages)
        assert words_of(done) == len(passages)
        assert VectorStore.objects.get().version > version

    def test_has_windows_that_cover_its_passages_and_are_shared_by_those_that_overlap(
        self, entry: VectorStoreFile
    ) -> None:
        document = text(200).decode()
        done = indexed(entry)
        windows = list(done.windows.all())

        assert [window.place for window in windows] == list(range(len(windows)))
        for passage in done.passages.all():
            mine = windows[passage.window_from : passage.window_to]
            seen = " ".join(document[window.char_from : window.char_to] for window in mine)
            assert seen.replace(".", "").split() == passage.text.replace(".", "").split()
        spans = list(done.passages.values_list("window_from", "window_to"))
        assert spans[0][1] > spans[1][0]
        assert sum(end - begin for begin, end in spans) > len(windows)

    def test_has_the_vector_of_each_window(self, entry: VectorStoreFile) -> None:
        document = text(200).decode()
        done = indexed(entry)

        for window in done.windows.all():
            made = np.frombuffer(bytes(window.vector or b""), dtype="<f4")
            assert np.array_equal(made, vector(document[window.char_from : window.char_to]))

    def test_says_how_much_it_takes(self, ada: User) -> None:
        done = indexed(only(store_of(ada, file_with(ada, "a.txt", "Zürich 世界".encode()))))

        assert done.usage_bytes == len("Zürich 世界".encode()) + 4 * len(vector(""))

    def test_keeps_the_digest_of_its_bytes(self, ada: User) -> None:
        done = indexed(only(store_of(ada, file_with(ada, "a.txt", b"hello"))))

        assert done.digest == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

    def test_may_lie_in_a_storage_that_is_no_disk(self, ada: User, settings: Any) -> None:
        in_memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
        settings.STORAGES = {**settings.STORAGES, "default": in_memory}
        entry = only(store_of(ada, file_with(ada, "a.txt", b"hello")))
        assert not Path(entry.file.content.path).exists()

        assert texts_of(indexed(entry).passages.all()) == ["hello"]

    def test_without_a_word_in_it_is_not_embedded(self, ada: User) -> None:
        embedder = PlainEmbedder()
        done = indexed(only(store_of(ada, file_with(ada, "a.txt", b"?! -- ..."))), embedder)

        assert (done.status, embedder.asked) == ("completed", [])
        assert left(done) == (1, 0)


class TestPages:
    def test_of_a_pdf_are_those_of_its_passages(self, ada: User) -> None:
        pages = [samples.prose([f"page{number} says{line} something" for line in range(30)]) for number in range(1, 7)]
        done = indexed(only(store_of(ada, file_with(ada, "a.pdf", samples.pdf(pages)), strategy=SMALL)))

        passages = list(done.passages.all())
        for passage in passages:
            pages_named = sorted({int(word[4:]) for word in passage.text.split() if word.startswith("page")})
            assert (passage.page_from, passage.page_to) == (pages_named[0], pages_named[-1])
        assert passages[-1].page_to == 6

    def test_of_slides_are_their_numbers(self, ada: User) -> None:
        deck = samples.slides([(f"Title {number}", f"slide{number} " * 60, "") for number in range(1, 5)])
        done = indexed(only(store_of(ada, file_with(ada, "a.pptx", deck), strategy=SMALL)))

        found = {passage.page_from: passage for passage in done.passages.all()}
        assert sorted(page for page in found if page) == [1, 2, 3, 4]
        assert all(f"slide{page}" in passage.text for page, passage in found.items())

    def test_are_none_of_a_web_page_whose_headings_are_kept(self, ada: User) -> None:
        page = b"<h1>Rivers</h1><p>" + text(100) + b"</p><h2>Lakes</h2><p>" + text(100, word="lake") + b"</p>"
        done = indexed(only(store_of(ada, file_with(ada, "a.html", page), strategy=SMALL)))

        passages = list(done.passages.all())
        assert {passage.page_from for passage in passages} == {None}
        assert passages[0].heading == "Rivers"
        assert "Lakes" in passages[-1].heading


class TestAFileThatCannotBeRead:
    @pytest.mark.parametrize(
        ("name", "content", "code", "words"),
        [
            ("a.pdf", b"hello", "invalid_file", "PDF"),
            ("a.txt", b" \n ", "invalid_file", "contains no text"),
            ("a.png", b"hello", "unsupported_file", "not supported"),
        ],
    )
    def test_fails_with_the_reason(self, ada: User, name: str, content: bytes, code: str, words: str) -> None:
        store = VectorStore.objects.create(owner=ada)
        entry = VectorStoreFile.objects.create(
            store=store, file=file_with(ada, name, content), chunking_strategy=filling.static(None)
        )
        failed = indexed(entry)

        assert failed.status == "failed"
        assert failed.last_error["code"] == code
        assert words in failed.last_error["message"]
        assert failed.worker == ""

    def test_completes_with_a_notice_if_it_is_pictures(self, ada: User) -> None:
        done = indexed(only(store_of(ada, file_with(ada, "a.pdf", samples.pdf([[], []])))))

        assert (done.status, left(done)) == ("completed", (0, 0))
        assert "No text was found" in done.notice

    def test_leaves_nothing_when_it_is_too_large(self, entry: VectorStoreFile, monkeypatch: pytest.MonkeyPatch) -> None:
        """Section 4: 5,000,000 tokens."""
        assert sections.MAX_TOKENS == 5_000_000
        monkeypatch.setattr(sections, "MAX_TOKENS", 300)
        failed = indexed(entry)

        assert failed.last_error == {
            "code": "invalid_file",
            "message": "The file could not be parsed because it is too large.",
        }
        assert left(failed) == (0, 0)

    def test_fails_when_its_bytes_are_gone(self, entry: VectorStoreFile) -> None:
        entry.file.content.delete(save=False)
        failed = indexed(entry)

        assert failed.last_error == {"code": "server_error", "message": "Sorry, something went wrong."}

    def test_fails_when_its_store_has_expired(self, entry: VectorStoreFile) -> None:
        VectorStore.objects.update(expires_after=1, last_active_at=timezone.now() - timedelta(days=2))
        failed = indexed(entry)

        assert failed.last_error["message"] == "The vector store has expired."


class TestAnEmbedderThatFails:
    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(embedding, "PAUSES", (0.01, 0.01))

    def test_is_asked_again(self, entry: VectorStoreFile) -> None:
        tries = iter([True, True])

        def fail_twice(texts: Sequence[str]) -> None:
            if next(tries, False):
                raise Unreachable

        assert indexed(entry, PlainEmbedder(fail_twice)).status == "completed"

    def test_fails_the_file_in_its_own_words_in_the_end(self, entry: VectorStoreFile) -> None:
        def fail(texts: Sequence[str]) -> None:
            raise Unreachable("The cable is cut.")

        failed = indexed(entry, PlainEmbedder(fail))

        assert failed.last_error == {"code": "server_error", "message": "The cable is cut."}
        assert left(failed) == (0, 0)

    def test_is_not_asked_again_with_a_key_that_was_refused(self, entry: VectorStoreFile) -> None:
        calls = []

        def refuse(texts: Sequence[str]) -> None:
            calls.append(texts)
            raise KeyRefused

        assert indexed(entry, PlainEmbedder(refuse)).status == "failed"
        assert len(calls) == 1

    def test_never_lets_a_mistake_of_ours_out(self, entry: VectorStoreFile, caplog: pytest.LogCaptureFixture) -> None:
        def stumble(texts: Sequence[str]) -> None:
            raise ZeroDivisionError("secret")

        failed = indexed(entry, PlainEmbedder(stumble))

        assert failed.last_error == {"code": "server_error", "message": "Sorry, something went wrong."}
        assert "secret" in caplog.text


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
        monkeypatch.setattr(embedding, "EVERY", 0.0)
        monkeypatch.setattr(embedding, "FEWEST", 1)
        monkeypatch.setattr(embedding, "MOST", 1)

    def test_a_file_can_be_left_and_taken_up_by_another(self, entry: VectorStoreFile) -> None:
        hold = held(entry, worker="first")
        first = PlainEmbedder(Interrupt(hold.given_up.set, after=5))
        index(hold, embedder_of=lambda store: first)
        row = VectorStoreFile.objects.get(pk=entry.pk)
        assert (row.status, row.worker, row.is_cut) == ("in_progress", "first", True)
        assert 0 < row.progress < 100
        VectorStoreFile.objects.update(worker="")
        second = PlainEmbedder()
        done = indexed(row, second)

        assert done.status == "completed"
        document = text(200).decode()
        windows = [document[window.char_from : window.char_to] for window in done.windows.all()]
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
        batch = file_batches.create(ada, store.id, named=[file_batches.Named(file.id)])
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
        pk, hold = entry.pk, held(entry)
        embedder = PlainEmbedder(Interrupt(deeds[what]))
        index(hold, embedder_of=lambda store: embedder)

        assert not VectorStoreFile.objects.exists()
        assert left(pk) == (0, 0)
        assert not Passage.objects.exists()
        assert caplog.text == ""

    def test_a_file_that_is_deleted_while_it_is_cut_leaves_nothing(
        self, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cutting, "BATCH", 1)
        for number in range(5):
            file = file_with(ada, "long.txt", text(2000, word=f"try{number}x"))
            hold = held(only(store_of(ada, file, strategy=SMALL)))
            thread = threading.Thread(target=at_last_closing(lambda hold=hold: index(hold, embedder_of=plain)))
            thread.start()
            while not Passage.objects.filter(entry=hold.pk, place=number).exists():
                assert thread.is_alive()
            files.delete(ada, file.id)
            thread.join()

        assert not Passage.objects.exists()
        assert not VectorStoreFile.objects.exists()

    def test_a_model_that_changes_has_it_read_anew(self, entry: VectorStoreFile, scripted: Any) -> None:
        hold = held(entry)
        embedder = PlainEmbedder(Interrupt(hold.given_up.set, after=3))
        index(hold, embedder_of=lambda store: embedder)
        VectorStoreFile.objects.update(worker="")
        VectorStore.objects.update(embedding_provider=scripted, embedding_model="another")
        again = PlainEmbedder()
        done = indexed(VectorStoreFile.objects.get(), again)

        assert done.embedded_by == f"{scripted.pk}:another"
        assert len(again.asked) == done.windows.count()

    def test_a_database_that_does_not_write_is_waited_for(
        self, entry: VectorStoreFile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(indexing, "PAUSE", 0.01)

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


class TestVectors:
    """Of bytes that were read before."""

    def again(self, owner: User, name: str = "copy.txt", *, strategy: Any = SMALL) -> VectorStoreFile:
        return only(store_of(owner, file_with(owner, name, text(200)), strategy=strategy))

    def test_are_copied_from_another_store(self, entry: VectorStoreFile, ada: User) -> None:
        one, embedder = indexed(entry), PlainEmbedder()
        two = indexed(self.again(ada), embedder)

        assert embedder.asked == []
        assert (two.status, two.usage_bytes, two.digest) == ("completed", one.usage_bytes, one.digest)
        columns = ("place", "text", "page_from", "char_from", "char_to", "window_from", "window_to")
        assert list(two.passages.values_list(*columns)) == list(one.passages.values_list(*columns))
        columns = ("place", "char_from", "char_to", "vector")
        assert list(two.windows.values_list(*columns)) == list(one.windows.values_list(*columns))
        assert words_of(two) == two.passages.count()

    @pytest.mark.parametrize("difference", ["owner", "cut", "model", "type"])
    def test_are_made_anew_where_they_would_be_others(
        self, entry: VectorStoreFile, ada: User, bob: User, scripted: Any, difference: str
    ) -> None:
        indexed(entry)
        strategy = None if difference == "cut" else SMALL
        name = "copy.md" if difference == "type" else "copy.txt"
        other = self.again(bob if difference == "owner" else ada, name, strategy=strategy)
        if difference == "model":
            VectorStore.objects.filter(pk=other.store.pk).update(embedding_provider=scripted)
        embedder = PlainEmbedder()
        done = indexed(other, embedder)

        assert len(embedder.asked) == done.windows.count() > 0

    def test_are_made_anew_when_the_first_ones_go_while_they_are_copied(
        self, entry: VectorStoreFile, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = indexed(entry)
        monkeypatch.setattr(copying, "BATCH", 2)
        copied = copying._copied
        calls = []

        def copy_and_delete(row: Any, owner: VectorStoreFile) -> Any:
            calls.append(row)
            if len(calls) == 5:
                VectorStoreFile.objects.filter(pk=one.pk).update(attempt=9)
            return copied(row, owner)

        monkeypatch.setattr(copying, "_copied", copy_and_delete)
        embedder = PlainEmbedder()
        two = indexed(self.again(ada), embedder)

        assert two.status == "completed"
        assert left(two) == left(one)
        assert len(embedder.asked) == two.windows.count()


class TestTwoWorkers:
    def test_never_have_the_same_entry(self, entry: VectorStoreFile) -> None:
        gate = threading.Barrier(8)
        won = []

        def claim() -> None:
            gate.wait()
            name = threading.current_thread().name
            if holds.claim(entry.pk, attempt=entry.attempt, worker=name):
                won.append(name)

        threads = [threading.Thread(target=at_last_closing(claim)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(won) == 1
        assert VectorStoreFile.objects.get().worker == won[0]


class TestAStoreThatHasExpired:
    def expire(self) -> None:
        VectorStore.objects.update(expires_after=1, last_active_at=timezone.now() - timedelta(days=1, seconds=1))

    def test_frees_its_space_and_keeps_its_list(self, entry: VectorStoreFile) -> None:
        done = indexed(entry)
        self.expire()
        sweep()
        row = VectorStoreFile.objects.get()

        assert (row.status, row.usage_bytes, left(done)) == ("completed", 0, (0, 0))

    def test_is_left_alone_a_moment_before(self, entry: VectorStoreFile) -> None:
        done = indexed(entry)
        VectorStore.objects.update(expires_after=1, last_active_at=timezone.now() - timedelta(hours=23))
        sweep()

        assert left(done) != (0, 0)

    def test_has_its_files_read_anew_when_its_life_is_prolonged(self, entry: VectorStoreFile) -> None:
        before = left(indexed(entry))
        self.expire()
        sweep()
        assert renew_all() == 0
        VectorStore.objects.update(expires_after=None)
        assert renew_all() == 1

        assert left(indexed(VectorStoreFile.objects.get())) == before


class TestWhatIsLeftBehind:
    def test_of_an_entry_that_ended_while_nobody_worked_on_it_is_swept(self, entry: VectorStoreFile) -> None:
        done = indexed(entry)
        VectorStoreFile.objects.update(status="cancelled")
        sweep()

        assert left(done) == (0, 0)
