"""Files whose bytes were read before."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import User, VectorStore, VectorStoreFile
from chat.retrieval.indexing import passage_rows
from tests.retrieval.reading import (
    SMALL,
    PlainEmbedder,
    file_with,
    indexed,
    left,
    only,
    store_of,
    text,
    words_of,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]


class TestVectors:
    """Of bytes that were read before."""

    def again(self, owner: User, name: str = "notes.txt", *, strategy: Any = SMALL) -> VectorStoreFile:
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

    @pytest.mark.parametrize("difference", ["owner", "cut", "model", "name"])
    def test_are_made_anew_where_they_would_be_others(
        self, entry: VectorStoreFile, ada: User, bob: User, scripted: Any, difference: str
    ) -> None:
        indexed(entry)
        strategy = None if difference == "cut" else SMALL
        name = "copy.txt" if difference == "name" else "notes.txt"
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
        monkeypatch.setattr(passage_rows, "BATCH", 2)
        copied = passage_rows._copied
        calls = []

        def copy_and_delete(row: Any, owner: VectorStoreFile) -> Any:
            calls.append(row)
            if len(calls) == 5:
                VectorStoreFile.objects.filter(pk=one.pk).update(attempt=9)
            return copied(row, owner)

        monkeypatch.setattr(passage_rows, "_copied", copy_and_delete)
        embedder = PlainEmbedder()
        two = indexed(self.again(ada), embedder)

        assert two.status == "completed"
        assert left(two) == left(one)
        assert len(embedder.asked) == two.windows.count()
