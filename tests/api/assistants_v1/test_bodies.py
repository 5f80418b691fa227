"""Messages with ``file_ids`` and the tool ``retrieval``: reference, section 11."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Assistant, Message, Run, Thread, User
from tests.actions.knowledge.stores import file_of, ids_of
from tests.api.assistants_v1.making import RETRIEVAL, SEARCH, UNKNOWN
from tests.api.calling import Api, Body, refused, told

pytestmark = pytest.mark.django_db
EVERY_TOOL = [{"type": "file_search"}, {"type": "code_interpreter"}]


class TestFileIdsOfAMessage:
    @pytest.fixture
    def file_ids(self, ada: User) -> list[str]:
        return ids_of(ada, 2)

    @pytest.fixture
    def said(self, file_ids: list[str]) -> Body:
        return {"role": "user", "content": "Read these.", "file_ids": file_ids}

    def check(self, file_ids: list[str]) -> None:
        message = Message.objects.select_related("thread").get()
        assert message.attachments == [{"file_id": file_id, "tools": EVERY_TOOL} for file_id in file_ids]
        assert set(message.thread.tool_resources) == {"code_interpreter", "file_search"}

    def test_are_attached_for_all_tools(self, either: Api, thread: Thread, said: Body, file_ids: list[str]) -> None:
        either.made(f"/threads/{thread.id}/messages", said)
        self.check(file_ids)

    def test_may_be_pictures_which_are_not_searched(self, either: Api, thread: Thread, said: Body, ada: User) -> None:
        picture = file_of(ada, "dot.png").id
        either.made(f"/threads/{thread.id}/messages", said | {"file_ids": [picture]})
        thread.refresh_from_db()
        assert thread.tool_resources == {"code_interpreter": {"file_ids": [picture]}}

    def test_are_attached_in_a_new_thread(self, either: Api, said: Body, file_ids: list[str]) -> None:
        either.made("/threads", {"messages": [said]})
        self.check(file_ids)

    def test_are_attached_in_a_new_thread_with_a_run(
        self, either: Api, assistant: Assistant, said: Body, file_ids: list[str]
    ) -> None:
        either.made("/threads/runs", {"assistant_id": assistant.id, "thread": {"messages": [said]}})
        self.check(file_ids)

    def test_are_attached_before_a_run(
        self, either: Api, assistant: Assistant, thread: Thread, said: Body, file_ids: list[str]
    ) -> None:
        body = {"assistant_id": assistant.id, "additional_messages": [said]}
        either.made(f"/threads/{thread.id}/runs", body)
        self.check(file_ids)

    def test_are_at_most_ten(self, either: Api, thread: Thread, said: Body) -> None:
        reply = either.post(f"/threads/{thread.id}/messages", said | {"file_ids": ["file-x"] * 11})
        expected = "Expected an array with maximum length 10, but got an array with length 11 instead."
        message = f"Invalid 'file_ids': array too long. {expected}"
        assert told(reply) == refused(message, param="file_ids", code="array_above_max_length")

    @pytest.mark.parametrize(("file_ids", "kind"), [("file-x", "a string"), ({}, "an object"), (7, "an integer")])
    def test_are_an_array(self, either: Api, file_ids: Any, kind: str) -> None:
        message = f"Invalid type for 'messages[0].file_ids': expected an array of strings, but got {kind} instead."
        expected = refused(message, param="messages[0].file_ids", code="invalid_type")
        said = {"role": "user", "content": "Hello", "file_ids": file_ids}
        assert told(either.post("/threads", {"messages": [said]})) == expected

    def test_do_not_go_with_attachments(self, either: Api, thread: Thread, said: Body) -> None:
        assert told(either.post(f"/threads/{thread.id}/messages", said | {"attachments": []})) == UNKNOWN

    def test_are_unknown_to_the_second_api(self, new: Api, thread: Thread, said: Body) -> None:
        assert told(new.post(f"/threads/{thread.id}/messages", said)) == UNKNOWN

    @pytest.mark.parametrize("messages", [None, "Hello", ["Hello"], [None], {}])
    def test_are_looked_for_in_messages_only(self, either: Api, messages: Any) -> None:
        assert either.post("/threads", {"messages": messages}).status_code == (200 if messages is None else 400)


class TestTheToolRetrieval:
    def test_is_file_search(self, either: Api, assistant: Assistant, thread: Thread) -> None:
        body = {"assistant_id": assistant.id, "tools": [RETRIEVAL], "tool_choice": RETRIEVAL}
        run = Run.objects.get(id=either.made(f"/threads/{thread.id}/runs", body)["id"])
        assert ([tool["type"] for tool in run.tools], run.tool_choice) == (["file_search"], SEARCH)

    @pytest.mark.parametrize("tools", ["retrieval", ["retrieval"], [{"type": 7}], [[RETRIEVAL]]])
    def test_is_looked_for_in_tools_only(self, either: Api, tools: Any) -> None:
        status, answer = told(either.post("/assistants", {"model": "m", "tools": tools}))
        assert (status, answer["error"]["param"].partition("[")[0]) == (400, "tools")

    def test_is_unknown_to_the_second_api(self, new: Api) -> None:
        status, answer = told(new.post("/assistants", {"model": "m", "tools": [RETRIEVAL]}))
        assert (status, answer["error"]["param"]) == (400, "tools[0].type")
        assert answer["error"]["message"].startswith("Invalid value: 'retrieval'. Supported values are: ")
