"""A thread and a run on it in one request: reference, sections 2, 5 and 6.1."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Assistant, Message, Run, Thread, User, VectorStore
from tests.actions.knowledge.stores import ids_of
from tests.api.calling import Api, Body, refused, told

pytestmark = pytest.mark.django_db
PATH = "/threads/runs"


@pytest.fixture
def wanted(assistant: Assistant) -> Body:
    return {"assistant_id": assistant.id}


def said(text: str, **fields: Any) -> Body:
    return {"role": "user", "content": text} | fields


class TestAThreadMadeForARun:
    def test_has_what_it_was_given(self, api: Api, wanted: Body, ada: User) -> None:
        given = {"messages": [said("Hello?")], "metadata": {"a": "b"}}
        run = api.made(PATH, wanted | {"thread": given, "metadata": {"c": "d"}})
        thread = Thread.objects.get(owner=ada)
        assert (run["object"], run["thread_id"], run["metadata"]) == ("thread.run", thread.id, {"c": "d"})
        assert api.found(f"/threads/{thread.id}")["metadata"] == {"a": "b"}
        [message] = api.found(f"/threads/{thread.id}/messages")["data"]
        assert message["content"][0]["text"]["value"] == "Hello?"

    @pytest.mark.parametrize("thread", [{}, {"thread": None}, {"thread": {}}])
    def test_may_be_empty(self, api: Api, wanted: Body, thread: Body) -> None:
        run = api.made(PATH, wanted | thread)
        assert api.found(f"/threads/{run['thread_id']}/messages")["data"] == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"thread": {"messages": [said("Fine."), said("")]}},
            {"thread": {"messages": [said("Fine.")]}, "tools": [{"type": "function", "function": {"name": "a b"}}]},
            {"thread": {"messages": [said("Fine.")]}, "tool_choice": {"type": "function", "function": {"name": "f"}}},
            {"thread": {"messages": [{"role": "assistant", "content": "Fine."}]}},
        ],
    )
    @pytest.mark.parametrize("stream", [False, True])
    def test_is_not_left_by_a_run_that_is_refused(self, api: Api, wanted: Body, wrong: Body, stream: bool) -> None:
        Assistant.objects.update(instructions="")
        assert api.post(PATH, wanted | wrong | {"stream": stream}).status_code == 400
        assert not Thread.objects.exists()
        assert not Message.objects.exists()
        assert not Run.objects.exists()

    def test_needs_something_to_run_on(self, api: Api, wanted: Body) -> None:
        Assistant.objects.update(instructions="")
        message = "Run creation requires a Thread with a user message or an assistant with instructions."
        assert told(api.post(PATH, wanted)) == refused(message, code="invalid_thread")

    @pytest.mark.parametrize("name", ["additional_instructions", "additional_messages", "messages"])
    def test_takes_nothing_that_only_a_thread_of_before_needs(self, api: Api, wanted: Body, name: str) -> None:
        reply = told(api.post(PATH, wanted | {name: None}))
        assert reply == refused(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


class TestResourcesOfTheRequest:
    """Section 6.1: those of the run take the assistant's place; those of the thread are the thread's."""

    def test_take_the_place_of_the_assistants(self, api: Api, wanted: Body, ada: User) -> None:
        of_assistant, of_run, of_thread = ({"code_interpreter": {"file_ids": [id]}} for id in ids_of(ada, 3))
        api.made(f"/assistants/{wanted['assistant_id']}", {"tool_resources": of_assistant})
        run = api.made(PATH, wanted | {"tool_resources": of_run, "thread": {"tool_resources": of_thread}})
        both = [*of_run["code_interpreter"]["file_ids"], *of_thread["code_interpreter"]["file_ids"]]
        assert run["tool_resources"] == {"code_interpreter": {"file_ids": both}}
        assert api.found(f"/threads/{run['thread_id']}")["tool_resources"] == of_thread

    def test_may_be_stores_made_by_the_way(self, api: Api, wanted: Body, ada: User) -> None:
        made = {"file_search": {"vector_stores": [{"file_ids": ids_of(ada, 1)}]}}
        run = api.made(PATH, wanted | {"tool_resources": made, "thread": {"tool_resources": made}})
        ids = run["tool_resources"]["file_search"]["vector_store_ids"]
        assert set(ids) == set(VectorStore.objects.values_list("id", flat=True))
        assert len(ids) == 2
