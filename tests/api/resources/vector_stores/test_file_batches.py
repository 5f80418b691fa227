"""Batches of files over the API: reference, sections 3, 4 and 9."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.models import User, VectorStore, VectorStoreFile, VectorStoreFileBatch
from tests.actions.knowledge.stores import file_of, ids_of
from tests.api.calling import Api, Body, absent, refused, told
from tests.api.resources.vector_stores.read_stores import AUTO, entry_of, store_of

pytestmark = pytest.mark.django_db
NO_FILES = {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}
STATIC = {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}}


@pytest.fixture
def store(ada: User) -> VectorStore:
    return store_of(ada)


@pytest.fixture
def batches(store: VectorStore) -> str:
    """The path of the store's batches."""
    return f"/vector_stores/{store.id}/file_batches"


def batch_of(store: VectorStore, *statuses: str) -> VectorStoreFileBatch:
    """A batch with a file in each of ``statuses``."""
    batch = VectorStoreFileBatch.objects.create(store=store)
    for status in statuses:
        entry_of(store, status=status, batch=batch)
    return batch


class TestABatchOfFiles:
    def test_is_shown_whole(self, api: Api, ada: User, store: VectorStore, batches: str) -> None:
        shown = api.made(batches, {"file_ids": ids_of(ada, 2)})
        row = VectorStoreFileBatch.objects.get()
        assert shown == {
            "id": row.id,
            "object": "vector_store.file_batch",
            "created_at": int(row.created_at.timestamp()),
            "status": "in_progress",
            "vector_store_id": store.id,
            "file_counts": NO_FILES | {"in_progress": 2, "total": 2},
        }
        assert row.id.startswith("vsfb_")
        assert api.found(f"{batches}/{row.id}") == shown

    def test_has_files_that_share_their_attributes_and_strategy(self, api: Api, ada: User, batches: str) -> None:
        body = {"file_ids": ids_of(ada, 2), "attributes": {"year": 2024}, "chunking_strategy": STATIC}
        batch = api.made(batches, body)
        for shown in api.found(f"{batches}/{batch['id']}/files")["data"]:
            assert (shown["attributes"], shown["chunking_strategy"]) == ({"year": 2024}, STATIC)

    def test_may_have_files_with_their_own(self, api: Api, ada: User, store: VectorStore, batches: str) -> None:
        one, other = ids_of(ada, 2)
        own = {"file_id": one, "attributes": {"year": 2024}, "chunking_strategy": STATIC}
        api.made(batches, {"files": [own, {"file_id": other}], "attributes": {"ignored": True}})
        shown = {each["id"]: each for each in api.found(f"/vector_stores/{store.id}/files")["data"]}
        assert (shown[one]["attributes"], shown[one]["chunking_strategy"]) == ({"year": 2024}, STATIC)
        assert (shown[other]["attributes"], shown[other]["chunking_strategy"]) == ({}, AUTO)

    def test_has_a_file_that_is_named_twice_once(self, api: Api, ada: User, batches: str) -> None:
        (file_id,) = ids_of(ada, 1)
        assert api.made(batches, {"file_ids": [file_id, file_id]})["file_counts"]["total"] == 1

    def test_has_files_that_the_store_had_read_anew(self, api: Api, store: VectorStore, batches: str) -> None:
        entry = entry_of(store, attributes={"old": 1})
        assert api.made(batches, {"file_ids": [entry.file_id]})["file_counts"] == NO_FILES | {
            "in_progress": 1,
            "total": 1,
        }
        entry.refresh_from_db()
        assert (entry.status, entry.attempt, entry.attributes) == ("in_progress", 2, {})

    @pytest.mark.parametrize(
        ("statuses", "status"),
        [
            (["completed", "in_progress"], "in_progress"),
            (["completed", "completed"], "completed"),
            (["completed", "failed"], "completed"),
            (["failed", "failed"], "failed"),
            ([], "completed"),
        ],
    )
    def test_is_at_work_until_all_its_files_are_read(
        self, api: Api, store: VectorStore, batches: str, statuses: list[str], status: str
    ) -> None:
        entry_of(store, status="in_progress")  # of no batch
        reply = api.get(f"{batches}/{batch_of(store, *statuses).id}")
        counts = NO_FILES | {each: statuses.count(each) for each in statuses} | {"total": len(statuses)}
        assert (reply.json()["status"], reply.json()["file_counts"]) == (status, counts)
        assert ("openai-poll-after-ms" in reply) == (status == "in_progress")

    def test_lists_its_files_by_status(self, api: Api, store: VectorStore, batches: str) -> None:
        entry_of(store)
        files = f"{batches}/{batch_of(store, 'completed', 'failed', 'completed').id}/files"
        assert [shown["status"] for shown in api.found(files)["data"]] == ["completed", "failed", "completed"]
        assert [shown["status"] for shown in api.found(files, filter="failed")["data"]] == ["failed"]
        first = api.found(files, limit=1, filter="completed")
        rest = api.found(files, filter="completed", after=first["last_id"])
        assert (first["has_more"], len(rest["data"]), rest["has_more"]) == (True, 1, False)


class TestABatchThatIsCancelled:
    def test_leaves_out_what_was_not_read_yet(self, api: Api, store: VectorStore, batches: str) -> None:
        batch = batch_of(store, "completed", "in_progress", "failed")
        outside = entry_of(store, status="in_progress")
        shown = api.made(f"{batches}/{batch.id}/cancel")
        assert shown["status"] == "cancelled"
        assert shown["file_counts"] == NO_FILES | {"completed": 1, "failed": 1, "cancelled": 1, "total": 3}
        assert api.found(f"{batches}/{batch.id}") == shown
        outside.refresh_from_db()
        assert outside.status == "in_progress"

    def test_is_nobodys_work_any_more(self, api: Api, store: VectorStore, batches: str) -> None:
        batch = batch_of(store, "in_progress")
        VectorStoreFile.objects.update(worker="w", attempt=2)
        api.made(f"{batches}/{batch.id}/cancel")
        assert VectorStoreFile.objects.filter(worker="w", attempt=2).count() == 0

    def test_stays_as_it_is_once_it_has_ended(self, api: Api, store: VectorStore, batches: str) -> None:
        path = f"{batches}/{batch_of(store, 'completed', 'failed').id}"
        before = api.found(path)
        assert api.made(f"{path}/cancel") == before == api.found(path)

    def test_can_be_cancelled_twice(self, api: Api, store: VectorStore, batches: str) -> None:
        path = f"{batches}/{batch_of(store, 'in_progress').id}"
        assert api.made(f"{path}/cancel") == api.made(f"{path}/cancel")


class TestABatchWithAFileOfATypeThatIsNotRead:
    @pytest.mark.parametrize("param", ["file_ids", "files"])
    def test_has_it_failed_and_reads_the_others(self, api: Api, ada: User, batches: str, param: str) -> None:
        ids = [*ids_of(ada, 1), file_of(ada, "program.exe").id]
        given = ids if param == "file_ids" else [{"file_id": id} for id in ids]
        status, batch = told(api.post(batches, {param: given}))
        assert (status, batch["status"]) == (200, "in_progress")
        assert (batch["file_counts"]["failed"], batch["file_counts"]["in_progress"]) == (1, 1)
        entry = VectorStoreFile.objects.get(file=ids[1])
        message = "Files with extensions [.exe] are not supported for retrieval."
        assert (entry.status, entry.last_error) == ("failed", {"code": "unsupported_file", "message": message})

    def test_alone_ends_at_once(self, api: Api, ada: User, batches: str) -> None:
        status, batch = told(api.post(batches, {"file_ids": [file_of(ada, "dot.png").id]}))
        assert (status, batch["status"], batch["file_counts"]["failed"]) == (200, "failed", 1)


class TestABatchThatCannotBe:
    @pytest.mark.parametrize(
        ("body", "param", "code"),
        [
            ({}, "file_ids", "missing_required_parameter"),
            ({"file_ids": ["file-x"], "files": [{"file_id": "file-x"}]}, "files", "invalid_value"),
            ({"file_ids": []}, "file_ids", "array_below_min_length"),
            ({"file_ids": ["file-x"] * 2001}, "file_ids", "array_above_max_length"),
            ({"files": [{"file_id": "file-x"}] * 2001}, "files", "array_above_max_length"),
            ({"files": [{}]}, "files[0].file_id", "missing_required_parameter"),
            ({"files": [{"file_id": "file-x", "attributes": {"a": []}}]}, "files[0].attributes.a", "invalid_type"),
            ({"file_ids": [7]}, "file_ids[0]", "invalid_type"),
        ],
    )
    def test_is_refused_by_the_parameter_at_fault(
        self, api: Api, batches: str, body: Body, param: str, code: str
    ) -> None:
        status, answer = told(api.post(batches, body))
        assert (status, answer["error"]["param"], answer["error"]["code"]) == (400, param, code)

    def test_has_a_file_that_is_not_there(self, api: Api, ada: User, batches: str) -> None:
        status, answer = told(api.post(batches, {"file_ids": [*ids_of(ada, 1), "file-none"]}))
        assert (status, answer["error"]["message"]) == (404, "No such File object: file-none")
        assert not VectorStoreFile.objects.exists()

    def test_is_for_a_store_that_has_expired(self, api: Api, ada: User) -> None:
        store = store_of(ada, expires_after=1, last_active_at=timezone.now() - timedelta(days=1))
        reply = api.post(f"/vector_stores/{store.id}/file_batches", {"file_ids": ids_of(ada, 1)})
        assert told(reply) == refused(f"Vector store '{store.id}' has expired.", param="vector_store_id")

    def test_is_not_there(self, api: Api, ada: User, batches: str) -> None:
        elsewhere = batch_of(store_of(ada), "completed").id
        for id in ("vsfb_none", elsewhere):
            assert told(api.get(f"{batches}/{id}")) == absent(f"No file batch found with id '{id}'.")
        message = "Invalid 'batch_id': 'x'. Expected an ID that begins with 'vsfb'."
        assert told(api.get(f"{batches}/x")) == refused(message, param="batch_id", code="invalid_value")
