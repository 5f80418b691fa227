from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.actions.knowledge import vector_stores
from chat.models import File, User, VectorStore
from tests.actions.knowledge.stores import ids_of
from tests.api.calling import Api

STORES = "/v1/vector_stores"
NO_FILES = {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}

Call = Callable[..., tuple[int, dict[str, Any]]]


def calls_of(user: User) -> Call:
    """``call(method, path, body)`` with a key of the user's: the status and the answer."""
    client = Api(user).client

    def call(method: str, path: str, body: dict[str, Any] | None = None, **query: str) -> tuple[int, dict[str, Any]]:
        content = {} if body is None else {"data": body}
        reply = getattr(client, method)(path, query_params=query, content_type="application/json", **content)
        return reply.status_code, reply.json()

    return call


@pytest.fixture
def call(ada: User) -> Call:
    return calls_of(ada)


class TestAVectorStore:
    def test_made_of_nothing_is_shown_whole(self, call: Call) -> None:
        status, store = call("post", STORES, {})
        row = VectorStore.objects.get()
        assert status == 200
        assert store == {
            "id": row.id,
            "object": "vector_store",
            "created_at": int(row.created_at.timestamp()),
            "name": None,
            "description": None,
            "usage_bytes": 0,
            "file_counts": NO_FILES,
            "status": "completed",
            "expires_after": None,
            "expires_at": None,
            "last_active_at": int(row.last_active_at.timestamp()),
            "metadata": {},
        }

    def test_has_what_it_was_made_with(self, call: Call, ada: User) -> None:
        _status, store = call(
            "post",
            STORES,
            {
                "name": "Shelf",
                "description": "What we know",
                "file_ids": ids_of(ada, 2),
                "chunking_strategy": {
                    "type": "static",
                    "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 0},
                },
                "metadata": {"team": "blue"},
                "expires_after": {"anchor": "last_active_at", "days": 3},
            },
        )
        assert (store["name"], store["description"], store["metadata"]) == ("Shelf", "What we know", {"team": "blue"})
        assert store["file_counts"] == NO_FILES | {"in_progress": 2, "total": 2}
        assert store["status"] == "in_progress"
        assert store["expires_after"] == {"anchor": "last_active_at", "days": 3}
        assert store["expires_at"] == store["last_active_at"] + 3 * 86400
        assert call("get", f"{STORES}/{store['id']}") == (200, store)

    def test_is_changed_in_what_is_given(self, call: Call) -> None:
        _status, store = call("post", STORES, {"name": "Shelf", "metadata": {"a": "b"}})
        expiry = {"anchor": "last_active_at", "days": 1}
        _status, changed = call("post", f"{STORES}/{store['id']}", {"expires_after": expiry})
        assert changed == store | {"expires_after": expiry, "expires_at": store["last_active_at"] + 86400}
        _status, cleared = call(
            "post", f"{STORES}/{store['id']}", {"name": None, "expires_after": None, "metadata": {}}
        )
        assert cleared == store | {"name": None, "metadata": {}}

    def test_is_deleted_without_its_files(self, call: Call, ada: User) -> None:
        _status, store = call("post", STORES, {"file_ids": ids_of(ada, 1)})
        gone = {"id": store["id"], "object": "vector_store.deleted", "deleted": True}
        assert call("delete", f"{STORES}/{store['id']}") == (200, gone)
        assert call("get", f"{STORES}/{store['id']}")[0] == 404
        assert File.objects.count() == 1

    def test_that_nobody_used_for_its_days_has_expired(self, call: Call, ada: User) -> None:
        store = vector_stores.create(ada, expires_after=1)
        VectorStore.objects.update(last_active_at=timezone.now() - timedelta(days=1))
        _status, shown = call("get", f"{STORES}/{store.id}")
        assert shown["status"] == "expired"


class TestTheListOfVectorStores:
    def test_is_empty_at_first(self, call: Call) -> None:
        empty = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
        assert call("get", STORES) == (200, empty)

    def test_is_walked_from_the_newest(self, call: Call, ada: User, bob: User) -> None:
        vector_stores.create(bob)
        oldest, middle, newest = (vector_stores.create(ada).id for _number in range(3))
        _status, first = call("get", STORES, limit="2")
        assert [store["id"] for store in first["data"]] == [newest, middle]
        assert (first["first_id"], first["last_id"], first["has_more"]) == (newest, middle, True)
        _status, second = call("get", STORES, limit="2", after=middle)
        assert [store["id"] for store in second["data"]] == [oldest]
        assert second["has_more"] is False


class TestSomeoneElsesVectorStore:
    @pytest.mark.parametrize("method", ["get", "post", "delete"])
    def test_answers_like_one_that_is_not_there(self, ada: User, bob: User, method: str) -> None:
        store = vector_stores.create(ada)
        refused = calls_of(bob)(method, f"{STORES}/{store.id}")
        assert refused == (
            404,
            {
                "error": {
                    "message": f"No vector store found with id '{store.id}'.",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": None,
                }
            },
        )
        store.delete()
        assert calls_of(bob)(method, f"{STORES}/{store.id}") == refused

    def test_is_no_resource_of_a_thread_or_an_assistant(self, call: Call, bob: User) -> None:
        theirs = vector_stores.create(bob)
        named = {"tool_resources": {"file_search": {"vector_store_ids": [theirs.id]}}}
        for path, body in (("/v1/threads", named), ("/v1/assistants", {"model": "gpt-4o", **named})):
            status, answer = call("post", path, body)
            assert (status, answer["error"]["message"]) == (404, f"No vector store found with id '{theirs.id}'.")


class TestAVectorStoreThatCannotBe:
    @pytest.mark.parametrize(
        ("body", "param", "code"),
        [
            ({"shelf": 1}, "shelf", "unknown_parameter"),
            ({"name": 7}, "name", "invalid_type"),
            ({"name": "x" * 257}, "name", "string_above_max_length"),
            ({"metadata": {"a": True}}, "metadata.a", "invalid_type"),
            ({"file_ids": "file-x"}, "file_ids", "invalid_type"),
            ({"file_ids": ["file-x"] * 501}, "file_ids", "array_above_max_length"),
            ({"expires_after": {"days": 1}}, "expires_after.anchor", "missing_required_parameter"),
            ({"expires_after": {"anchor": "created_at", "days": 1}}, "expires_after.anchor", "invalid_value"),
            (
                {"expires_after": {"anchor": "last_active_at", "days": 0}},
                "expires_after.days",
                "integer_below_min_value",
            ),
            (
                {"expires_after": {"anchor": "last_active_at", "days": 366}},
                "expires_after.days",
                "integer_above_max_value",
            ),
            ({"chunking_strategy": {"type": "clever"}}, "chunking_strategy.type", "invalid_value"),
        ],
    )
    def test_is_refused_by_the_parameter_at_fault(
        self, call: Call, body: dict[str, Any], param: str, code: str
    ) -> None:
        status, answer = call("post", STORES, body)
        assert status == 400
        assert (answer["error"]["param"], answer["error"]["code"]) == (param, code)
        assert not VectorStore.objects.exists()

    def test_cannot_be_changed_in_what_is_fixed(self, call: Call, ada: User) -> None:
        store = vector_stores.create(ada)
        status, answer = call("post", f"{STORES}/{store.id}", {"file_ids": []})
        assert (status, answer["error"]["message"]) == (400, "Unknown parameter: 'file_ids'.")

    def test_is_refused_with_a_file_that_is_not_there(self, call: Call) -> None:
        status, answer = call("post", STORES, {"file_ids": ["file-none"]})
        assert (status, answer["error"]["message"]) == (404, "No such File object: file-none")

    def test_has_an_id_that_begins_otherwise(self, call: Call) -> None:
        status, answer = call("get", f"{STORES}/asst_1")
        assert (status, answer["error"]["code"]) == (400, "invalid_value")
        assert "Expected an ID that begins with 'vs'." in answer["error"]["message"]

    def test_is_refused_when_it_is_both_named_and_made(self, call: Call, ada: User) -> None:
        both = {"vector_store_ids": [vector_stores.create(ada).id], "vector_stores": [{}]}
        status, answer = call("post", "/v1/threads", {"tool_resources": {"file_search": both}})
        assert (status, answer["error"]["param"]) == (400, "tool_resources.file_search")
