"""What is gone is found no more, whatever is kept in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from chat.models import File, Passage, User, VectorStoreFile
from tests.retrieval.making import Thesaurus, add, finder, store_of, texts

pytestmark = pytest.mark.django_db

THESAURUS = Thesaurus("car automobile vehicle", "bread loaf")
find = finder(THESAURUS)


def delete_file(entry: VectorStoreFile) -> None:
    entry.file.delete()


def delete_entry(entry: VectorStoreFile) -> None:
    entry.delete()


def delete_entries(entry: VectorStoreFile) -> None:
    VectorStoreFile.objects.filter(pk=entry.pk).delete()


def delete_passages(entry: VectorStoreFile) -> None:
    Passage.objects.filter(entry=entry).delete()


def delete_row(entry: VectorStoreFile) -> None:
    """Without the signal by which the store's version grows."""
    Passage.objects.filter(entry=entry).delete()
    entry.windows.all().delete()
    VectorStoreFile.objects.filter(pk=entry.pk)._raw_delete("default")


def expire_file(entry: VectorStoreFile) -> None:
    File.objects.filter(pk=entry.file.pk).update(expires_at=timezone.now())


def read_anew(entry: VectorStoreFile) -> None:
    VectorStoreFile.objects.filter(pk=entry.pk).update(status="in_progress")


class TestAFileThatIsGone:
    @pytest.mark.parametrize(
        "remove",
        [delete_file, delete_entry, delete_entries, delete_passages, delete_row, expire_file, read_anew],
        ids=lambda remove: remove.__name__,
    )
    def test_is_found_no_more(self, ada: User, remove: Callable[[VectorStoreFile], None]) -> None:
        store = store_of(ada, *["The vehicle, the car."] * 8, "An automobile.", embedder=THESAURUS)
        assert len(find(store, "vehicle car", limit=3)) == 3
        for entry in store.entries.order_by("pk")[:8]:
            remove(entry)
        assert texts(find(store, "vehicle car", limit=3)) == ["An automobile."]

    def test_is_found_again_when_it_was_read_anew(self, ada: User) -> None:
        store = store_of(ada, "An automobile.", embedder=THESAURUS)
        find(store, "vehicle")
        entry = store.entries.get()
        entry.passages.all().delete()
        entry.windows.all().delete()
        again = add(store, "Loaf after loaf.", embedder=THESAURUS)
        again.passages.update(entry=entry)
        again.windows.update(entry=entry)
        VectorStoreFile.objects.filter(pk=entry.pk).update(attempt=2)
        again.delete()
        assert texts(find(store, "bread")) == ["Loaf after loaf."]
        assert find(store, "vehicle", threshold=0.1) == []
