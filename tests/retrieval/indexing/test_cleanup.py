"""Passages that cannot be found any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.models import VectorStore, VectorStoreFile
from chat.retrieval.indexing.cleanup import sweep
from chat.retrieval.indexing.reindex import reindex_all
from tests.retrieval.reading import (
    indexed,
    left,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]


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
        assert reindex_all() == 0
        VectorStore.objects.update(expires_after=None)
        assert reindex_all() == 1

        assert left(indexed(VectorStoreFile.objects.get())) == before


class TestWhatIsLeftBehind:
    def test_of_an_entry_that_ended_while_nobody_worked_on_it_is_swept(self, entry: VectorStoreFile) -> None:
        done = indexed(entry)
        VectorStoreFile.objects.update(status="cancelled")
        sweep()

        assert left(done) == (0, 0)
