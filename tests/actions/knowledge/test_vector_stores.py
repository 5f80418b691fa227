from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.actions.knowledge import vector_stores
from chat.errors import InvalidRequest, NotFound
from chat.models import File, User, VectorStore, VectorStoreFile
from chat.models.api_objects.store_objects import vector_store_object
from tests.actions.knowledge.stores import file_of, ids_of

AUTO = {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}}


@pytest.fixture
def store(ada: User) -> VectorStore:
    return vector_stores.create(ada, name="Shelf")


def idle(store: VectorStore, *, days: float) -> None:
    """As if nobody had used it for so long."""
    store.last_active_at = timezone.now() - timedelta(days=days)
    store.save()


class TestANewStore:
    def test_has_a_hexadecimal_id_that_begins_with_the_second_of_its_making(self, store: VectorStore) -> None:
        prefix, tail = store.id.split("_")
        assert (prefix, len(tail)) == ("vs", 32)
        assert int(tail[:8], 16) == pytest.approx(store.created_at.timestamp(), abs=2)

    def test_without_files_is_completed_at_once(self, store: VectorStore) -> None:
        shown = vector_store_object(store)
        assert shown["status"] == "completed"
        assert shown["file_counts"] == {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}

    def test_has_its_files_in_progress_each_once(self, ada: User) -> None:
        one, other = ids_of(ada, 2)
        store = vector_stores.create(ada, file_ids=[one, other, one])
        assert {entry.file_id for entry in store.entries.all()} == {one, other}
        assert {entry.status for entry in store.entries.all()} == {"in_progress"}
        assert vector_store_object(store)["status"] == "in_progress"

    @pytest.mark.parametrize("strategy", [None, {"type": "auto"}])
    def test_cuts_files_by_the_numbers_that_auto_stands_for(self, ada: User, strategy: dict[str, str] | None) -> None:
        store = vector_stores.create(ada, file_ids=ids_of(ada, 1), chunking_strategy=strategy)
        assert store.entries.get().chunking_strategy == AUTO

    def test_cuts_files_as_it_was_told(self, ada: User) -> None:
        strategy = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}}
        store = vector_stores.create(ada, file_ids=ids_of(ada, 1), chunking_strategy=strategy)
        assert store.entries.get().chunking_strategy == strategy

    def test_whose_passages_would_overlap_by_more_than_half_is_refused(self, ada: User) -> None:
        strategy = {"type": "static", "static": {"max_chunk_size_tokens": 101, "chunk_overlap_tokens": 51}}
        with pytest.raises(InvalidRequest, match="a value <= 50") as refused:
            vector_stores.create(ada, chunking_strategy=strategy)
        assert refused.value.param == "chunking_strategy.static.chunk_overlap_tokens"

    def test_with_a_file_of_someone_else_is_not_made(self, ada: User, bob: User) -> None:
        with pytest.raises(NotFound, match="No such File object"):
            vector_stores.create(ada, file_ids=[*ids_of(ada, 1), *ids_of(bob, 1)])
        assert not VectorStore.objects.exists()


class TestAStore:
    def test_of_someone_else_is_as_absent_as_one_that_never_was(self, store: VectorStore, bob: User) -> None:
        with pytest.raises(NotFound) as hidden:
            vector_stores.get(bob, store.id)
        store.delete()
        with pytest.raises(NotFound) as absent:
            vector_stores.get(bob, store.id)
        assert hidden.value.as_body() == absent.value.as_body()
        assert hidden.value.message == f"No vector store found with id '{store.id}'."

    def test_is_listed_for_its_owner_only(self, store: VectorStore, ada: User, bob: User) -> None:
        assert list(vector_stores.of_user(ada)) == [store]
        assert not vector_stores.of_user(bob)

    def test_cannot_be_changed_or_deleted_by_someone_else(self, store: VectorStore, bob: User) -> None:
        with pytest.raises(NotFound):
            vector_stores.update(bob, store.id, name="Mine")
        with pytest.raises(NotFound):
            vector_stores.delete(bob, store.id)
        store.refresh_from_db()
        assert store.name == "Shelf"

    def test_leaves_its_files_behind_when_it_is_deleted(self, ada: User) -> None:
        (file_id,) = ids_of(ada, 1)
        store = vector_stores.create(ada, file_ids=[file_id])
        vector_stores.delete(ada, store.id)
        assert not VectorStoreFile.objects.exists()
        assert File.objects.filter(id=file_id).exists()

    def test_loses_a_file_that_is_deleted(self, ada: User) -> None:
        store = vector_stores.create(ada, file_ids=ids_of(ada, 2))
        File.objects.filter(pk__in=[File.objects.first().pk]).delete()
        assert vector_store_object(store)["file_counts"]["total"] == 1

    def test_is_changed_in_what_is_given_and_cleared_by_none(self, store: VectorStore, ada: User) -> None:
        vector_stores.update(ada, store.id, metadata={"a": "b"}, expires_after=3)
        vector_stores.update(ada, store.id, name=None)
        store.refresh_from_db()
        assert (store.name, store.metadata, store.expires_after) == ("", {"a": "b"}, 3)
        vector_stores.update(ada, store.id, metadata=None, expires_after=None)
        store.refresh_from_db()
        assert (store.metadata, store.expires_after) == ({}, None)

    def test_is_not_used_by_being_changed(self, store: VectorStore, ada: User) -> None:
        idle(store, days=2)
        vector_stores.update(ada, store.id, name="Board", expires_after=3)
        assert vector_stores.get(ada, store.id).last_active_at == store.last_active_at

    def test_expires_after_so_many_days_without_use(self, ada: User) -> None:
        store = vector_stores.create(ada, expires_after=7)
        idle(store, days=6.9)
        assert vector_store_object(store)["status"] == "completed"
        idle(store, days=7)
        shown = vector_store_object(store)
        assert shown["status"] == "expired"
        assert shown["expires_at"] == shown["last_active_at"] + 7 * 86400

    def test_counts_its_files_by_status(self, ada: User) -> None:
        store = vector_stores.create(ada, file_ids=ids_of(ada, 5))
        statuses = ["completed", "completed", "failed", "cancelled", "in_progress"]
        for entry, status in zip(store.entries.all(), statuses, strict=True):
            entry.status, entry.usage_bytes = status, 100 if status == "completed" else 0
            entry.save()
        shown = vector_store_object(store)
        assert shown["file_counts"] == {"in_progress": 1, "completed": 2, "failed": 1, "cancelled": 1, "total": 5}
        assert shown["usage_bytes"] == 200


class TestAFilePutIntoAStore:
    def test_is_in_progress_and_uses_the_store(self, store: VectorStore, ada: User) -> None:
        idle(store, days=1)
        entry = vector_stores.add_file(store, file=file_of(ada), attributes={"year": 2024, "draft": True})
        assert (entry.status, entry.usage_bytes, entry.last_error) == ("in_progress", 0, None)
        assert entry.attributes == {"year": 2024, "draft": True}
        assert entry.chunking_strategy == AUTO
        assert timezone.now() - vector_stores.get(ada, store.id).last_active_at < timedelta(hours=1)

    def test_a_second_time_is_read_anew(self, store: VectorStore, ada: User) -> None:
        file = file_of(ada)
        vector_stores.add_file(store, file=file, attributes={"year": 2024})
        VectorStoreFile.objects.update(status="failed", last_error={"code": "server_error", "message": "…"})
        entry = vector_stores.add_file(store, file=file)
        assert store.entries.get() == entry
        assert (entry.status, entry.last_error, entry.attributes) == ("in_progress", None, {})

    def test_is_refused_when_the_store_has_expired(self, store: VectorStore, ada: User) -> None:
        store.expires_after = 1
        idle(store, days=1)
        with pytest.raises(InvalidRequest, match=f"^Vector store '{store.id}' has expired"):
            vector_stores.add_file(store, file=file_of(ada))
        assert not store.entries.exists()
