"""Assistants over the API: reference, sections 2 to 4."""

from __future__ import annotations

from typing import Any

import pytest

from chat.actions.assistants import assistants
from chat.models import Assistant, Run, Thread, User, VectorStore
from tests.actions.knowledge.stores import file_of
from tests.api.calling import Api, Body, absent, told

pytestmark = pytest.mark.django_db
RANKING = {"ranker": "default_2024_08_21", "score_threshold": 0.0, "hybrid_search": None}
SCHEMA = {
    "name": "answer",
    "schema": {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    },
    "strict": True,
}
EVERYTHING = {
    "name": "Tutor",
    "description": "Teaches",
    "model": "gpt-4o-2024-08-06",
    "instructions": "Explain.",
    "tools": [{"type": "code_interpreter"}],
    "metadata": {"team": "math"},
    "temperature": 0.3,
    "top_p": 0.9,
    "reasoning_effort": "low",
    "response_format": {"type": "json_object"},
}


class TestANewAssistant:
    def test_of_a_model_alone_has_the_defaults(self, api: Api) -> None:
        shown = api.made("/assistants", {"model": "gpt-4o"})
        row = Assistant.objects.get()
        assert shown == {
            "id": row.id,
            "object": "assistant",
            "created_at": int(row.created_at.timestamp()),
            "name": None,
            "description": None,
            "model": "gpt-4o",
            "instructions": None,
            "tools": [],
            "top_p": 1.0,
            "temperature": 1.0,
            "reasoning_effort": None,
            "tool_resources": {},
            "metadata": {},
            "response_format": "auto",
        }
        assert list(shown) == list(api.found(f"/assistants/{row.id}"))

    def test_has_what_it_was_made_with(self, api: Api) -> None:
        shown = api.made("/assistants", EVERYTHING)
        assert {name: shown[name] for name in EVERYTHING} == EVERYTHING
        assert shown["tool_resources"] == {"code_interpreter": {"file_ids": []}}
        assert api.found(f"/assistants/{shown['id']}") == shown

    def test_takes_null_for_a_default(self, api: Api) -> None:
        cleared = api.made("/assistants", dict.fromkeys(EVERYTHING) | {"model": "m", "tool_resources": None})
        plain = api.made("/assistants", {"model": "m"})
        assert {**cleared, "id": "", "created_at": 0} == {**plain, "id": "", "created_at": 0}

    def test_is_its_makers(self, api: Api, ada: User) -> None:
        api.made("/assistants", {"model": "m"})
        assert Assistant.objects.get().owner == ada

    @pytest.mark.parametrize("model", ["gpt-4-1106-preview", "vendor/model:7b", "Ünbekannt", "x" * 256])
    def test_echoes_its_model_as_it_was_sent(self, api: Api, model: str) -> None:
        """Section 11: which model answers is found out when it runs."""
        assert api.made("/assistants", {"model": model})["model"] == model

    @pytest.mark.parametrize(
        ("tool", "shown"),
        [
            ({"type": "file_search"}, {"type": "file_search", "file_search": {"ranking_options": RANKING}}),
            (
                {"type": "file_search", "file_search": {"max_num_results": 5}},
                {"type": "file_search", "file_search": {"max_num_results": 5, "ranking_options": RANKING}},
            ),
            (
                {"type": "function", "function": {"name": "f"}},
                {
                    "type": "function",
                    "function": {"name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False},
                },
            ),
        ],
    )
    def test_shows_its_tools_with_their_defaults(self, api: Api, tool: Body, shown: Body) -> None:
        assert api.made("/assistants", {"model": "m", "tools": [tool]})["tools"] == [shown]

    def test_keeps_a_schema_of_its_answers(self, api: Api) -> None:
        format = {"type": "json_schema", "json_schema": SCHEMA}
        assert api.made("/assistants", {"model": "m", "response_format": format})["response_format"] == format

    @pytest.mark.parametrize("number", [0, 2, 1, 0.0])
    def test_takes_whole_numbers_for_decimals(self, api: Api, number: float) -> None:
        assert api.made("/assistants", {"model": "m", "temperature": number})["temperature"] == number

    def test_may_be_as_long_as_the_limits(self, api: Api) -> None:
        longest = {"name": "ä" * 256, "description": "ä" * 512, "instructions": "ä" * 256_000}
        shown = api.made("/assistants", {"model": "m"} | longest)
        assert {name: shown[name] for name in longest} == longest


class TestTheResourcesOfAnAssistant:
    def test_are_shown(self, api: Api, ada: User) -> None:
        resources = {"code_interpreter": {"file_ids": [file_of(ada).id]}}
        assert api.made("/assistants", {"model": "m", "tool_resources": resources})["tool_resources"] == resources

    def test_may_have_a_store_made_that_never_expires(self, api: Api, ada: User) -> None:
        """Section 5."""
        given = {"file_search": {"vector_stores": [{"file_ids": [file_of(ada).id], "metadata": {"a": "b"}}]}}
        shown = api.made("/assistants", {"model": "m", "tool_resources": given})
        store = VectorStore.objects.get()
        assert shown["tool_resources"] == {"file_search": {"vector_store_ids": [store.id]}}
        assert (store.files.count(), store.metadata) == (1, {"a": "b"})
        assert api.found(f"/vector_stores/{store.id}")["expires_after"] is None

    @pytest.mark.parametrize(
        ("resources", "message"),
        [
            ({"file_search": {"vector_store_ids": ["vs_x"]}}, "No vector store found with id 'vs_x'."),
            ({"code_interpreter": {"file_ids": ["file-x"]}}, "No such File object: file-x"),
        ],
    )
    def test_must_be_there(self, api: Api, resources: Body, message: str) -> None:
        reply = api.post("/assistants", {"model": "m", "tool_resources": resources})
        assert (reply.status_code, reply.json()["error"]["message"]) == (404, message)
        assert not Assistant.objects.exists()

    def test_must_be_their_owners(self, api: Api, bob: User) -> None:
        resources = {"code_interpreter": {"file_ids": [file_of(bob).id]}}
        assert api.post("/assistants", {"model": "m", "tool_resources": resources}).status_code == 404


class TestAChangedAssistant:
    @pytest.fixture
    def made(self, api: Api) -> Body:
        return api.made("/assistants", EVERYTHING)

    @pytest.mark.parametrize(("name", "value"), [*EVERYTHING.items(), ("model", "other"), ("name", ""), ("tools", [])])
    def test_differs_in_what_was_sent_alone(self, api: Api, name: str, value: Any) -> None:
        made = api.made("/assistants", {"model": "m"})
        changed = api.made(f"/assistants/{made['id']}", {name: value})
        assert changed[name] == (value or type(made[name])())
        unchanged = {field: shown for field, shown in changed.items() if field not in (name, "tool_resources")}
        assert unchanged == {field: made[field] for field in unchanged}
        assert api.found(f"/assistants/{made['id']}") == changed

    def test_is_the_same_when_nothing_was_sent(self, api: Api, made: Body) -> None:
        assert api.made(f"/assistants/{made['id']}", {}) == made

    @pytest.mark.parametrize("name", [name for name in EVERYTHING if name != "model"])
    def test_loses_what_is_null(self, api: Api, made: Body, name: str) -> None:
        plain = api.made("/assistants", {"model": "m"})
        assert api.made(f"/assistants/{made['id']}", {name: None})[name] == plain[name]

    def test_has_its_metadata_replaced_as_a_whole(self, api: Api, made: Body) -> None:
        assert api.made(f"/assistants/{made['id']}", {"metadata": {"a": "b"}})["metadata"] == {"a": "b"}

    def test_leaves_runs_of_before_as_they_are(self, api: Api, made: Body, ada: User) -> None:
        run = Run.objects.create(thread=Thread.objects.create(owner=ada), assistant_id=made["id"], instructions="Once.")
        api.made(f"/assistants/{made['id']}", {"instructions": "Now."})
        assert api.found(f"/threads/{run.thread_id}/runs/{run.id}")["instructions"] == "Once."


class TestADeletedAssistant:
    def test_is_gone(self, api: Api, assistant: Assistant) -> None:
        reply = api.delete(f"/assistants/{assistant.id}")
        assert told(reply) == (200, {"id": assistant.id, "object": "assistant.deleted", "deleted": True})
        gone = absent(f"No assistant found with id '{assistant.id}'.")
        assert told(api.get(f"/assistants/{assistant.id}")) == gone
        assert told(api.delete(f"/assistants/{assistant.id}")) == gone

    def test_stays_named_by_its_runs(self, api: Api, assistant: Assistant, thread: Thread) -> None:
        """Section 5: new ones cannot begin."""
        run = api.made(f"/threads/{thread.id}/runs", {"assistant_id": assistant.id})
        api.delete(f"/assistants/{assistant.id}")
        assert api.found(f"/threads/{thread.id}/runs/{run['id']}")["assistant_id"] == assistant.id
        assert api.post(f"/threads/{thread.id}/runs", {"assistant_id": assistant.id}).status_code == 404


class TestASharedAssistant:
    def test_can_be_used_but_not_changed(self, assistant: Assistant, bob: User) -> None:
        api = Api(bob)
        path = f"/assistants/{assistant.id}"
        assert [row["id"] for row in api.found("/assistants")["data"]] == [assistant.id]
        assert api.found(path)["model"] == assistant.model
        replies = [api.post(path, {"name": "Mine"}), api.delete(path)]
        assert [(reply.status_code, reply.json()["error"]["code"]) for reply in replies] == [
            (403, "permission_denied")
        ] * 2
        assert assistants.get(bob, assistant.id).name == "Helper"

    def test_no_more_is_absent(self, assistant: Assistant, bob: User) -> None:
        Assistant.objects.update(audience="owner")
        api = Api(bob)
        path = f"/assistants/{assistant.id}"
        gone = absent(f"No assistant found with id '{assistant.id}'.")
        assert told(api.get(path)) == told(api.post(path, {"name": "Mine"})) == told(api.delete(path)) == gone
        assert api.found("/assistants")["data"] == []
