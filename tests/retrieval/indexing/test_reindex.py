"""Files whose store has another embedding model now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.errors import KeyRefused
from chat.models import User, VectorStore, VectorStoreFile, Window
from chat.retrieval.indexing import index_file
from chat.retrieval.indexing.claims import ClaimLost
from chat.retrieval.indexing.reindex import reindex_all, reindex_store
from chat.retrieval.search.search import search_stores
from tests.documents import samples
from tests.retrieval.reading import SMALL, PlainEmbedder, file_with, indexed, left, only, store_of, text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]


class Narrow(PlainEmbedder):
    """Windows of seven words."""

    def windows(self, text: str) -> list[tuple[int, int]]:
        words = [found.span() for found in re.finditer(r"\w+", text)]
        return [(some[0][0], some[-1][1]) for some in (words[at : at + 7] for at in range(0, len(words), 7))]


@pytest.fixture
def outdated(entry: VectorStoreFile, scripted: Any) -> VectorStoreFile:
    """A file that was read and embedded before the model of its store was changed."""
    indexed(entry)
    VectorStore.objects.update(embedding_provider=scripted, embedding_model="another")
    assert reindex_store(VectorStore.objects.get()) == 1
    return VectorStoreFile.objects.get()


def find(query: str, embedder: PlainEmbedder) -> list[tuple[float, float]]:
    """The scores for words and for meaning of what is found."""
    hits = search_stores([VectorStore.objects.get()], [query], limit=5, embedder_of=lambda _store: embedder)
    return [(hit.keyword, hit.meaning) for hit in hits]


class TestAFile:
    def test_is_found_by_its_words_until_it_is_embedded_anew(self, outdated: VectorStoreFile) -> None:
        embedder = Narrow()
        assert (outdated.status, outdated.is_cut, outdated.attempt) == ("completed", True, 2)
        assert all(words > 0 and meaning == 0 for words, meaning in find("word7", embedder))
        assert find("word7", embedder)

        done = indexed(outdated, embedder)
        assert (done.needs_vectors, done.embedded_by, done.progress) == (False, VectorStore.objects.get().embedder, 100)
        question = text(200).decode()[:40].rsplit(" ", 1)[0]
        assert max(meaning for _words, meaning in find(question, embedder)) > 0.5

    def test_has_the_same_windows_as_one_that_is_read_with_the_new_model(
        self, outdated: VectorStoreFile, bob: User
    ) -> None:
        done = indexed(outdated, Narrow())
        other = indexed(only(store_of(bob, file_with(bob, "notes.txt", text(200)), strategy=SMALL)), Narrow())

        for rows in (
            lambda entry: entry.windows.values_list("place", "char_from", "char_to", "vector"),
            lambda entry: entry.passages.values_list("place", "text", "window_from", "window_to"),
        ):
            assert list(rows(done)) == list(rows(other))

    def test_goes_on_where_it_was_when_the_server_is_killed(
        self, outdated: VectorStoreFile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(index_file, "EVERY", 0.0)
        monkeypatch.setattr(index_file, "FEWEST", 1)
        monkeypatch.setattr(index_file, "MOST", 1)

        def die(texts: Sequence[str]) -> None:
            if len(first.asked) == 5:
                raise ClaimLost

        first, second = Narrow(die), Narrow()
        indexed(outdated, first)
        VectorStoreFile.objects.update(worker="")
        assert find("word7", Narrow()), "what was embedded in part is found, too"
        done = indexed(VectorStoreFile.objects.get(), second)

        assert len(first.asked) + len(second.asked) == done.windows.count()
        assert done.needs_vectors is False

    def test_without_text_is_done_at_once(self, ada: User, scripted: Any) -> None:
        store = store_of(ada, file_with(ada, "scan.pdf", samples.pdf([[]])))
        indexed(only(store))
        VectorStore.objects.update(embedding_provider=scripted, embedding_model="another")
        reindex_store(VectorStore.objects.get())
        assert indexed(only(store), Narrow()).needs_vectors is False

    def test_whose_model_fails_is_found_by_its_words_and_tried_again_an_hour_later(
        self, outdated: VectorStoreFile
    ) -> None:
        def refuse(texts: Sequence[str]) -> None:
            raise KeyRefused("The key was refused.")

        tried = indexed(outdated, Narrow(refuse))
        assert (tried.status, tried.needs_vectors, tried.worker) == ("completed", False, "")
        assert tried.last_error["message"] == "The key was refused."
        assert find("word7", Narrow())
        assert reindex_all() == 0
        VectorStoreFile.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1, seconds=1))
        assert reindex_all() == 1
        done = indexed(VectorStoreFile.objects.get(), Narrow())
        assert (done.last_error, done.needs_vectors) == (None, False)

    def test_that_failed_is_left_alone_when_another_of_its_store_is_due(
        self, outdated: VectorStoreFile, ada: User
    ) -> None:
        def refuse(texts: Sequence[str]) -> None:
            raise KeyRefused("The key was refused.")

        tried = indexed(outdated, Narrow(refuse))
        other = indexed(
            VectorStoreFile.objects.create(
                store=tried.store, file=file_with(ada, "b.txt", text(20)), chunking_strategy=SMALL
            )
        )
        VectorStoreFile.objects.filter(pk=other.pk).update(embedded_by="an older model")
        assert reindex_all() == 1
        assert VectorStoreFile.objects.get(needs_vectors=True) == other

    def test_whose_model_is_changed_back_keeps_its_own(self, entry: VectorStoreFile) -> None:
        indexed(entry)
        assert reindex_all() == 0
        assert left(entry)[1] == Window.objects.exclude(vector=None).count()

    def test_is_left_alone_while_it_waits(self, outdated: VectorStoreFile) -> None:
        assert reindex_all() == 0
        assert VectorStoreFile.objects.get().attempt == outdated.attempt
