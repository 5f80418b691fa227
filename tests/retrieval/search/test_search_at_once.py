"""Searches beside each other, and beside files that come and go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from chat.models import User, VectorStore, VectorStoreFile
from chat.retrieval.vectors.snapshot import snapshot_of
from tests.retrieval.making import Thesaurus, add, finder, store_of, texts

THESAURUS = Thesaurus("car automobile vehicle", "bread loaf")
find = finder(THESAURUS)


def apart(work: Callable[[], list[str]]) -> list[str]:
    """In a thread that closes its connection."""
    try:
        return work()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
class TestSearchesInThreads:
    def test_find_what_was_there_when_they_began(self, ada: User) -> None:
        store = store_of(ada, *[f"Automobile {number}." for number in range(5)], embedder=THESAURUS)
        present = set(texts(find(store, "vehicle", limit=50)))
        done = threading.Event()

        def search_on() -> list[str]:
            amiss: list[str] = []
            searches = 0
            while not done.is_set() or searches < 5:
                before = set(present)
                found = texts(find(store, "vehicle", limit=50))
                amiss += before - set(found)
                amiss += [text for text in found if found.count(text) > 1]
                searches += 1
            return amiss

        with ThreadPoolExecutor(3) as pool:
            searching = [pool.submit(apart, search_on) for _ in range(3)]
            for number in range(5, 25):
                add(store, f"Automobile {number}.", embedder=THESAURUS)
                present.add(f"Automobile {number}.")
            done.set()
            assert [each.result(timeout=60) for each in searching] == [[], [], []]
        assert len(find(store, "vehicle", limit=50)) == 25

    def test_find_nothing_that_was_gone_when_they_began(self, ada: User) -> None:
        store = store_of(ada, *[f"Automobile {number}." for number in range(20)], embedder=THESAURUS)
        gone: set[str] = set()
        done = threading.Event()

        def search_on() -> list[str]:
            amiss: list[str] = []
            while not done.is_set():
                before = set(gone)
                amiss += before & set(texts(find(store, "vehicle", limit=50)))
            return amiss

        with ThreadPoolExecutor(2) as pool:
            searching = [pool.submit(apart, search_on) for _ in range(2)]
            for entry in VectorStoreFile.objects.order_by("?").select_related("file")[:15]:
                text = entry.passages.get().text
                entry.file.delete()
                gone.add(text)
            done.set()
            assert [each.result(timeout=60) for each in searching] == [[], []]
        assert len(find(store, "vehicle", limit=50)) == 5

    def test_read_the_vectors_once(self, ada: User, django_assert_num_queries) -> None:
        store = store_of(ada, *["A car."] * 50, embedder=THESAURUS)
        row = VectorStore.objects.get(pk=store.pk)
        begin = threading.Barrier(6)

        def look() -> list[str]:
            begin.wait()
            return [str(id(snapshot_of(row)))]

        with ThreadPoolExecutor(6) as pool:
            seen = [each.result(timeout=60) for each in [pool.submit(apart, look) for _ in range(6)]]
        assert len({id for ids in seen for id in ids}) == 1
        with django_assert_num_queries(0):
            snapshot_of(row)
