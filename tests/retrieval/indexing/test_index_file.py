"""One file of a store, from its bytes to what a search finds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from chat.actions.knowledge import enqueue
from chat.errors import KeyRefused, Unreachable
from chat.models import User, VectorStore, VectorStoreFile
from chat.models.vector_stores import BUILT_IN
from chat.retrieval.indexing import index_file, passage_rows
from tests.documents import samples
from tests.retrieval.reading import (
    SMALL,
    WORDS,
    PlainEmbedder,
    file_with,
    indexed,
    left,
    only,
    store_of,
    text,
    texts_of,
    vector,
    words_of,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]


class TestAFile:
    def test_becomes_passages_that_can_be_found(self, entry: VectorStoreFile) -> None:
        document = text(200).decode()
        version = entry.store.version
        done = indexed(entry)

        assert (done.status, done.progress, done.last_error, done.notice) == ("completed", 100, None, "")
        assert (done.worker, done.is_cut, done.embedded_by) == ("", True, BUILT_IN)
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
            assert np.array_equal(made, vector(f"notes\n{document[window.char_from : window.char_to]}"))

    def test_is_embedded_under_its_name_and_its_headings(self, ada: User) -> None:
        embedder = PlainEmbedder()
        content = f"# Holidays\n\n{'day ' * WORDS}\n\n# Pay\n\n{'coin ' * WORDS}"
        indexed(only(store_of(ada, file_with(ada, "handbook.md", content.encode()))), embedder)

        first, *_, last = embedder.asked
        assert first.startswith("handbook – Holidays\n")
        assert last.startswith("handbook – Pay\n")

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
            store=store, file=file_with(ada, name, content), chunking_strategy=enqueue.normalise_chunking(None)
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
        assert passage_rows.MAX_TOKENS == 5_000_000
        monkeypatch.setattr(passage_rows, "MAX_TOKENS", 300)
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
        monkeypatch.setattr(index_file, "PAUSES", (0.01, 0.01))

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
