"""Files in vector stores over the API: reference, sections 3, 4, 9 and 12."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import File, Passage, User, VectorStore, VectorStoreFile
from tests.actions.knowledge.stores import file_of, ids_of
from tests.api.calling import Api, Body, absent, refused, told
from tests.api.http.test_wrong_requests import mistyped, too_long
from tests.api.resources.vector_stores.read_stores import AUTO, cut, entry_of, store_of

pytestmark = pytest.mark.django_db
SCALAR = "a string, a number, or a boolean"


@pytest.fixture
def store(ada: User) -> VectorStore:
    return store_of(ada)


@pytest.fixture
def files(store: VectorStore) -> str:
    """The path of the store's files."""
    return f"/vector_stores/{store.id}/files"


class TestAFilePutIntoAVectorStore:
    def test_is_shown_whole(self, api: Api, store: VectorStore, files: str) -> None:
        file = file_of(store.owner)
        shown = api.made(files, {"file_id": file.id})
        assert shown == {
            "id": file.id,
            "object": "vector_store.file",
            "usage_bytes": 0,
            "created_at": int(store.entries.get().created_at.timestamp()),
            "vector_store_id": store.id,
            "status": "in_progress",
            "last_error": None,
            "chunking_strategy": AUTO,
            "attributes": {},
        }
        assert api.found(f"{files}/{file.id}") == shown

    def test_has_the_attributes_and_the_strategy_that_it_was_given(self, api: Api, ada: User, files: str) -> None:
        strategy = {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}}
        attributes = {"year": 2024, "price": 1.5, "draft": True, "team": "blue"}
        (file_id,) = ids_of(ada, 1)
        shown = api.made(files, {"file_id": file_id, "attributes": attributes, "chunking_strategy": strategy})
        assert shown["chunking_strategy"] == strategy
        assert repr(shown["attributes"]) == repr(attributes)

    def test_a_second_time_is_read_anew_and_counted_once(self, api: Api, store: VectorStore, files: str) -> None:
        error = {"code": "server_error", "message": "…"}
        entry = entry_of(
            store, status="failed", attributes={"a": 1}, last_error=error, attempt=3, worker="w", notice="…"
        )
        shown = api.made(files, {"file_id": entry.file_id})
        assert (shown["status"], shown["attributes"], shown["last_error"]) == ("in_progress", {}, None)
        entry.refresh_from_db()
        assert (entry.attempt, entry.worker, entry.notice, entry.is_cut) == (4, "", "", False)
        assert api.found(f"/vector_stores/{store.id}")["file_counts"]["total"] == 1

    def test_is_a_use_of_the_store(self, api: Api, ada: User) -> None:
        before = timezone.now() - timedelta(days=2)
        store = store_of(ada, expires_after=7, last_active_at=before)
        api.made(f"/vector_stores/{store.id}/files", {"file_id": ids_of(ada, 1)[0]})
        assert api.found(f"/vector_stores/{store.id}")["last_active_at"] > before.timestamp() + 86400

    @pytest.mark.parametrize("status", VectorStoreFile.Status.values)
    def test_says_when_to_look_again_while_it_is_read(
        self, api: Api, store: VectorStore, files: str, status: str
    ) -> None:
        reply = api.get(f"{files}/{entry_of(store, status=status).file_id}")
        assert reply.json()["status"] == status
        assert ("openai-poll-after-ms" in reply) == (status == "in_progress")

    def test_says_why_it_could_not_be_read(self, api: Api, store: VectorStore, files: str) -> None:
        error = {"code": "invalid_file", "message": "The file is broken or not a PDF."}
        entry = entry_of(store, "a.pdf", status="failed", last_error=error)
        assert api.found(f"{files}/{entry.file_id}")["last_error"] == error


class TestTheAttributesOfAFile:
    def test_are_replaced_as_a_whole(self, api: Api, store: VectorStore, files: str) -> None:
        entry = entry_of(store, attributes={"year": 2023, "draft": True})
        shown = api.made(f"{files}/{entry.file_id}", {"attributes": {"year": 2024}})
        assert (shown["attributes"], shown["status"]) == ({"year": 2024}, "completed")
        assert api.found(f"{files}/{entry.file_id}") == shown

    def test_are_cleared_by_null(self, api: Api, store: VectorStore, files: str) -> None:
        entry = entry_of(store, attributes={"year": 2023})
        assert api.made(f"{files}/{entry.file_id}", {"attributes": None})["attributes"] == {}

    @pytest.mark.parametrize(
        ("attributes", "said"),
        [
            ({"a": None}, mistyped("attributes.a", SCALAR, "null")),
            ({"a": []}, mistyped("attributes.a", SCALAR, "an array")),
            ({"a": {}}, mistyped("attributes.a", SCALAR, "an object")),
            ([], mistyped("attributes", "an object", "an array")),
            ({"a": "x" * 513}, too_long("attributes.a", 512, 513)),
            (
                {str(number): 1 for number in range(17)},
                (
                    "Invalid 'attributes': too many properties. Expected an object with at most 16 properties, but got"
                    " an object with 17 properties instead.",
                    "attributes",
                    "object_above_max_properties",
                ),
            ),
        ],
    )
    def test_are_refused_in_the_words_of_the_house(
        self, api: Api, ada: User, files: str, attributes: Any, said: tuple[str, str, str]
    ) -> None:
        message, param, code = said
        body = {"file_id": ids_of(ada, 1)[0], "attributes": attributes}
        assert told(api.post(files, body)) == refused(message, param=param, code=code)

    def test_have_keys_of_at_most_64_characters(self, api: Api, store: VectorStore, files: str) -> None:
        entry = entry_of(store)
        api.made(f"{files}/{entry.file_id}", {"attributes": {"x" * 64: 1}})
        status, answer = told(api.post(f"{files}/{entry.file_id}", {"attributes": {"x" * 65: 1}}))
        assert (status, answer["error"]["code"]) == (400, "string_above_max_length")

    def test_must_be_named_in_a_change(self, api: Api, store: VectorStore, files: str) -> None:
        expected = refused(
            "Missing required parameter: 'attributes'.", param="attributes", code="missing_required_parameter"
        )
        assert told(api.post(f"{files}/{entry_of(store).file_id}", {})) == expected


class TestTheFilesOfAVectorStore:
    def test_are_listed_from_the_newest_by_the_ids_of_the_files(self, api: Api, store: VectorStore, files: str) -> None:
        first, second, third = (entry_of(store).file_id for _number in range(3))
        page = api.found(files, limit=2)
        assert [shown["id"] for shown in page["data"]] == [third, second]
        assert (page["first_id"], page["last_id"], page["has_more"]) == (third, second, True)
        rest = api.found(files, limit=2, after=second)
        assert ([shown["id"] for shown in rest["data"]], rest["has_more"]) == ([first], False)
        before = api.found(files, limit=1, before=first)
        assert [shown["id"] for shown in before["data"]] == [second]
        oldest = api.found(files, order="asc")
        assert [shown["id"] for shown in oldest["data"]] == [first, second, third]

    @pytest.mark.parametrize("status", VectorStoreFile.Status.values)
    def test_can_be_filtered_by_status(self, api: Api, store: VectorStore, files: str, status: str) -> None:
        entries = {each: entry_of(store, status=each).file_id for each in VectorStoreFile.Status.values}
        assert [shown["id"] for shown in api.found(files, filter=status)["data"]] == [entries[status]]

    def test_are_walked_though_their_statuses_change(self, api: Api, store: VectorStore, files: str) -> None:
        first, second, third = (entry_of(store, status="in_progress") for _number in range(3))
        VectorStoreFile.objects.filter(pk__in=[second.pk, third.pk]).update(status="completed")
        page = api.found(files, filter="in_progress", after=second.file_id)
        assert [shown["id"] for shown in page["data"]] == [first.file_id]

    def test_have_no_other_statuses(self, api: Api, files: str) -> None:
        known = "'in_progress', 'completed', 'failed', and 'cancelled'"
        message = f"Invalid value: 'ready'. Supported values are: {known}."
        assert told(api.get(files, filter="ready")) == refused(message, param="filter", code="invalid_value")

    def test_are_those_of_this_store(self, api: Api, ada: User, store: VectorStore, files: str) -> None:
        other = entry_of(store_of(ada))
        message = f"No file found with id '{other.file_id}' in vector store '{store.id}'."
        assert api.found(files)["data"] == []
        for reply in (api.get(f"{files}/{other.file_id}"), api.delete(f"{files}/{other.file_id}")):
            assert told(reply) == absent(message)
        assert VectorStoreFile.objects.exists()


class TestAFileThatIsTakenOut:
    def test_of_a_store_leaves_what_was_read_of_it(self, api: Api, store: VectorStore, files: str) -> None:
        entry = entry_of(store)
        cut(entry, (0, "Some text.", None))
        version = VectorStore.objects.get().version
        reply = api.delete(f"{files}/{entry.file_id}")
        assert told(reply) == (200, {"id": entry.file_id, "object": "vector_store.file.deleted", "deleted": True})
        assert not Passage.objects.exists()
        assert VectorStore.objects.get().version > version
        assert File.objects.get().id == entry.file_id
        assert api.get(f"{files}/{entry.file_id}").status_code == 404

    @pytest.mark.usefixtures("media")
    def test_of_the_world_leaves_every_store(self, api: Api, ada: User) -> None:
        stores = [store_of(ada), store_of(ada)]
        file = file_of(ada)
        for store in stores:
            api.made(f"/vector_stores/{store.id}/files", {"file_id": file.id})
        cut(VectorStoreFile.objects.all()[0], (0, "Some text.", None))
        assert api.delete(f"/files/{file.id}").status_code == 200
        assert not Passage.objects.exists()
        assert [api.found(f"/vector_stores/{store.id}")["file_counts"]["total"] for store in stores] == [0, 0]


class TestTheContentOfAFile:
    def content(self, api: Api, entry: VectorStoreFile) -> list[str]:
        shown = api.found(f"/vector_stores/{entry.store_id}/files/{entry.file_id}/content")
        assert {name: shown[name] for name in ("object", "has_more", "next_page")} == {
            "object": "vector_store.file_content.page",
            "has_more": False,
            "next_page": None,
        }
        assert {piece["type"] for piece in shown["data"]} <= {"text"}
        return [piece["text"] for piece in shown["data"]]

    def test_is_its_text_without_overlaps(self, api: Api, store: VectorStore) -> None:
        entry = entry_of(store)
        cut(entry, (0, "One two three", None), (4, "two three four", None), (8, "three four five", None))
        assert self.content(api, entry) == ["One two three four five"]

    def test_keeps_apart_what_does_not_overlap(self, api: Api, store: VectorStore) -> None:
        entry = entry_of(store)
        cut(entry, (0, "One.", None), (6, "Two.", None))
        assert self.content(api, entry) == ["One.\n\nTwo."]

    def test_is_a_piece_a_page(self, api: Api, store: VectorStore) -> None:
        entry = entry_of(store, "a.pdf")
        cut(entry, (0, "One.", 1), (2, "e. Two.", 1), (10, "Three.", 2))
        assert self.content(api, entry) == ["One. Two.", "Three."]

    def test_is_parted_where_a_page_begins_within_a_passage(self, api: Api, store: VectorStore) -> None:
        entry = entry_of(store, "a.pdf")
        cut(entry, (0, "One.\n\nTwo. Two", 1), (10, " Two.\n\nThree.", 2))
        first, second = Passage.objects.all()
        first.pages, second.pages = [[0, 1], [6, 2]], [[17, 3]]
        Passage.objects.bulk_update([first, second], ["pages"])
        assert self.content(api, entry) == ["One.", "Two. Two.", "Three."]

    def test_is_in_pieces_when_it_is_long(self, api: Api, store: VectorStore) -> None:
        entry = entry_of(store)
        cut(entry, (0, "x" * 60_000, None), (60_000, "y" * 60_000, None))
        assert self.content(api, entry) == ["x" * 60_000, "y" * 60_000]

    @pytest.mark.parametrize("status", ["in_progress", "failed", "cancelled"])
    def test_is_nothing_until_all_of_it_can_be_found(self, api: Api, store: VectorStore, status: str) -> None:
        entry = entry_of(store, status=status)
        cut(entry, (0, "One.", None))
        assert self.content(api, entry) == []


class TestAFileThatCannotBePutIntoAVectorStore:
    @pytest.mark.parametrize(
        ("filename", "way_out"),
        [
            ("dot.png", "A picture can be attached to a message, for models that see. "),
            ("archive.tar.gz", "Unpack it and upload what is in it. "),
            ("program.exe", ""),
        ],
    )
    def test_is_of_a_type_that_is_not_read(
        self, api: Api, store: VectorStore, files: str, filename: str, way_out: str
    ) -> None:
        file = file_of(store.owner, filename)
        extension = filename.rpartition(".")[2]
        unsupported = f"Files with extensions [.{extension}] are not supported for retrieval."
        message = f"{unsupported} {way_out}It is the file '{file.id}'."
        expected = refused(message, param="file_id", code="unsupported_file")
        assert told(api.post(files, {"file_id": file.id})) == expected
        assert not store.entries.exists()

    @pytest.mark.parametrize("filename", ["SCAN.PDF", "Notes.Txt"])
    def test_is_not_one_in_capitals(self, api: Api, ada: User, files: str, filename: str) -> None:
        assert api.made(files, {"file_id": file_of(ada, filename).id})["status"] == "in_progress"

    def test_is_refused_by_a_store_that_is_made_of_it_too(self, api: Api, ada: User) -> None:
        (good,), bad = ids_of(ada, 1), file_of(ada, "dot.png").id
        described = {"vector_stores": [{"file_ids": [good, bad]}]}
        for path, body, param in (
            ("/vector_stores", {"file_ids": [good, bad]}, "file_ids"),
            (
                "/threads",
                {"tool_resources": {"file_search": described}},
                "tool_resources.file_search.vector_stores[0].file_ids",
            ),
        ):
            status, answer = told(api.post(path, body))
            assert (status, answer["error"]["code"], answer["error"]["param"]) == (400, "unsupported_file", param)
        assert not VectorStore.objects.exists()

    def test_is_not_there(self, api: Api, files: str, bob: User) -> None:
        for file_id in ("file-none", file_of(bob).id):
            status, answer = told(api.post(files, {"file_id": file_id}))
            assert (status, answer["error"]["message"]) == (404, f"No such File object: {file_id}")

    def test_comes_when_the_store_has_expired(self, api: Api, ada: User) -> None:
        store = store_of(ada, expires_after=1, last_active_at=timezone.now() - timedelta(days=1))
        message = f"Vector store '{store.id}' has expired."
        reply = api.post(f"/vector_stores/{store.id}/files", {"file_id": ids_of(ada, 1)[0]})
        assert told(reply) == refused(message, param="vector_store_id")

    def test_is_one_too_many(self, api: Api, ada: User, store: VectorStore, files: str) -> None:
        rows = File.objects.bulk_create(File(owner=ada, filename="a.txt", bytes=1) for _number in range(10_000))
        VectorStoreFile.objects.bulk_create(VectorStoreFile(store=store, file=row) for row in rows)
        message = (
            "Invalid 'file_id': too many files. A vector store has at most 10000 files, but with these it would have"
            " 10001."
        )
        expected = refused(message, param="file_id", code="array_above_max_length")
        assert told(api.post(files, {"file_id": file_of(ada).id})) == expected
        assert api.made(files, {"file_id": rows[0].id})["status"] == "in_progress"  # it is there already

    @pytest.mark.parametrize(
        ("body", "param", "code"),
        [
            ({}, "file_id", "missing_required_parameter"),
            ({"file_id": 7}, "file_id", "invalid_type"),
            ({"file_id": "file-x", "name": "x"}, "name", "unknown_parameter"),
            ({"file_id": "file-x", "chunking_strategy": {"type": "other"}}, "chunking_strategy.type", "invalid_value"),
        ],
    )
    def test_is_named_wrongly(self, api: Api, files: str, body: Body, param: str, code: str) -> None:
        status, answer = told(api.post(files, body))
        assert (status, answer["error"]["param"], answer["error"]["code"]) == (400, param, code)
