"""What clients of the first Assistants API are shown, and those that do not say: reference, section 11."""

from __future__ import annotations

from typing import Any

import pytest

from chat.api.assistants_v1.shapes import event_converter
from chat.models import Assistant, File, Message, Run, RunStep, Thread, User
from chat.providers.scripted.provider import ScriptedProvider
from chat.tools.declarations import normalised
from tests.actions.knowledge.stores import file_of, ids_of
from tests.api.assistants_v1.making import CODE, RETRIEVAL, SEARCH, made_by
from tests.api.calling import Api, whole
from tests.api.streaming.streams import Streams, names
from tests.engine.stage import Stage

pytestmark = pytest.mark.django_db
V1 = {"OpenAI-Beta": "assistants=v1"}


class TestWhatAnOldClientSees:
    def test_is_an_old_assistant(self, old: Api, ada: User) -> None:
        function = {"type": "function", "function": {"name": "look"}}
        file_ids = ids_of(ada, 2)
        body = {"model": "gpt-4", "name": "Guide", "tools": [CODE, RETRIEVAL, function], "file_ids": file_ids}
        assistant = old.made("/assistants", body)
        assert set(assistant) == {
            *("id", "object", "created_at", "name", "description", "model", "instructions", "tools", "file_ids"),
            "metadata",
        }
        assert assistant["tools"][:2] == [CODE, RETRIEVAL]
        assert assistant["file_ids"] == file_ids
        assert old.found(f"/assistants/{assistant['id']}") == assistant
        assert old.found("/assistants")["data"] == [assistant]

    def test_is_an_old_thread(self, old: Api) -> None:
        thread = old.made("/threads", {"metadata": {"a": "b"}})
        assert set(thread) == {"id", "object", "created_at", "metadata"}
        assert old.made(f"/threads/{thread['id']}", {}) == thread

    def test_is_an_old_message(self, old: Api, thread: Thread, ada: User) -> None:
        file_ids = ids_of(ada, 1)
        said = {"role": "user", "content": "Hello", "file_ids": file_ids}
        message = old.made(f"/threads/{thread.id}/messages", said)
        assert (message["file_ids"], "attachments" in message) == (file_ids, False)
        assert message["content"] == [{"type": "text", "text": {"value": "Hello", "annotations": []}}]
        assert old.found(f"/threads/{thread.id}/messages")["data"] == [message]

    def test_is_an_old_run_with_the_files_of_its_assistant(self, old: Api, thread: Thread, ada: User, scripted) -> None:
        first, second = ids_of(ada, 2)
        assistant = made_by(old, RETRIEVAL, file_ids=[first])
        said = {"role": "user", "content": "Hello", "file_ids": [second]}
        body = {"assistant_id": assistant.id, "tool_choice": RETRIEVAL, "additional_messages": [said]}
        run = old.made(f"/threads/{thread.id}/runs", body)
        assert (run["tools"], run["tool_choice"], run["file_ids"]) == ([RETRIEVAL], RETRIEVAL, [first])
        assert not {"tool_resources", "top_p", "reasoning_effort", "parallel_tool_calls"} & set(run)
        assert old.found(f"/threads/{thread.id}/runs")["data"] == [run]

    def test_is_no_file_of_an_assistant_that_is_not_shared_any_more(
        self, old: Api, thread: Thread, bob: User, scripted
    ) -> None:
        code = {"code_interpreter": {"file_ids": ids_of(bob, 1)}}
        assistant = Assistant.objects.create(owner=bob, audience="everyone", instructions="x", tool_resources=code)
        run = old.made(f"/threads/{thread.id}/runs", {"assistant_id": assistant.id})
        assert run["file_ids"] == code["code_interpreter"]["file_ids"]
        Assistant.objects.update(audience="owner")
        assert old.found(f"/threads/{thread.id}/runs/{run['id']}")["file_ids"] == []

    def test_is_a_step_that_retrieved(self, old: Api, new: Api, thread: Thread, assistant: Assistant) -> None:
        run = Run.objects.create(thread=thread, assistant=assistant)
        call = {"id": "call_1", "type": "file_search", "file_search": {"ranking_options": {}, "results": []}}
        RunStep.objects.create(run=run, type="tool_calls", details={"type": "tool_calls", "tool_calls": [call]})
        steps = f"/threads/{thread.id}/runs/{run.id}/steps"
        (step,) = old.found(steps)["data"]
        assert step["step_details"]["tool_calls"] == [{"id": "call_1", "type": "retrieval", "retrieval": {}}]
        assert new.found(f"{steps}/{step['id']}")["step_details"]["tool_calls"] == [call]

    def test_is_a_quote_in_each_citation(self, old: Api, thread: Thread) -> None:
        cited = {"type": "file_citation", "text": "[1]", "start_index": 2, "end_index": 5}
        notes = [cited | {"file_citation": {"file_id": "file-x"}}]
        content = [{"type": "text", "text": {"value": "So[1]", "annotations": notes}}]
        Message.objects.create(thread=thread, role="assistant", content=content)
        (message,) = old.found(f"/threads/{thread.id}/messages")["data"]
        (note,) = message["content"][0]["text"]["annotations"]
        assert note == cited | {"file_citation": {"file_id": "file-x", "quote": ""}}

    def test_is_what_others_see_of_all_else(self, old: Api, new: Api, ada: User) -> None:
        file = file_of(ada)
        for path in ("/files", f"/files/{file.id}", "/models", "/vector_stores"):
            assert old.found(path) == new.found(path)
        assistant = made_by(old, file_ids=[])
        gone = {"id": assistant.id, "object": "assistant.deleted", "deleted": True}
        assert whole(old.delete(f"/assistants/{assistant.id}")) == gone


class TestWhoDoesNotSay:
    def test_sees_the_objects_of_the_second_api(self, silent: Api, new: Api, ada: User) -> None:
        file_ids = ids_of(ada, 1)
        assistant = silent.made("/assistants", {"model": "gpt-4", "tools": [CODE, RETRIEVAL], "file_ids": file_ids})
        assert assistant == new.found(f"/assistants/{assistant['id']}")
        assert assistant["tool_resources"]["code_interpreter"] == {"file_ids": file_ids}

    def test_may_use_the_form_of_the_second_api(self, silent: Api, ada: User) -> None:
        code = {"code_interpreter": {"file_ids": ids_of(ada, 1)}}
        assistant = silent.made("/assistants", {"model": "gpt-4", "tools": [CODE, SEARCH], "tool_resources": code})
        assert assistant["tool_resources"] == code
        attached = [{"file_id": code["code_interpreter"]["file_ids"][0], "tools": [CODE]}]
        said = {"role": "user", "content": "Hello", "attachments": attached}
        thread = silent.made("/threads", {"messages": [said]})
        (message,) = silent.found(f"/threads/{thread['id']}/messages")["data"]
        assert message["attachments"] == attached


@pytest.mark.django_db(transaction=True)
class TestAStreamToAnOldClient:
    async def stream(self, streams: Streams, assistant: Assistant, said: str, **headers: str) -> list[Any]:
        thread = {"messages": [{"role": "user", "content": said}]}
        return await streams.whole("/threads/runs", {"assistant_id": assistant.id, "thread": thread}, **headers)

    async def test_tells_old_objects(self, streams: Streams, stage: Stage, ada: User, assistant: Assistant) -> None:
        file = await File.objects.acreate(owner=ada, filename="a.txt", content_type="text/plain", bytes=1)
        assistant.tools, assistant.tool_resources = normalised([SEARCH]), {"code_interpreter": {"file_ids": [file.id]}}
        await assistant.asave()
        async with stage.working(ScriptedProvider()):
            told = await self.stream(streams, assistant, "Hello", OpenAI_Beta="assistants=v1")
            modern = await self.stream(streams, assistant, "Hello", OpenAI_Beta="assistants=v2")
        assert names(told) == names(modern)
        events = dict(told)
        assert "tool_resources" not in events["thread.created"]
        run = events["thread.run.completed"]
        assert (run["tools"], run["file_ids"], "tool_resources" in run) == ([RETRIEVAL], [file.id], False)
        message = events["thread.message.completed"]
        assert (message["file_ids"], "attachments" in message) == ([], False)
        assert dict(modern)["thread.run.completed"]["tool_resources"] == assistant.tool_resources

    async def test_ends_with_an_event_that_it_knows(self, streams: Streams, stage: Stage, assistant: Assistant) -> None:
        """Reference, section 7.2: in April 2024 an incomplete run was told as completed."""
        async with stage.working(ScriptedProvider()):
            told = await self.stream(streams, assistant, "/finish length", OpenAI_Beta="assistants=v1")
        name, run = told[-2]
        assert (name, run["status"]) == ("thread.run.completed", "incomplete")

    def test_tells_a_retrieval_and_quotes_bit_by_bit(self, ada: User) -> None:
        convert = event_converter(ada, None)
        call = {"index": 0, "id": "call_1", "type": "file_search", "file_search": {"results": []}}
        details = {"type": "tool_calls", "tool_calls": [call]}
        delta = {"id": "step_1", "object": "thread.run.step.delta", "delta": {"step_details": details}}
        _name, shown = convert("thread.run.step.delta", delta)
        retrieval = {"index": 0, "id": "call_1", "type": "retrieval", "retrieval": {}}
        assert shown["delta"]["step_details"]["tool_calls"] == [retrieval]

        cited = {"index": 0, "type": "file_citation", "file_citation": {"file_id": "file-x"}}
        content = [{"index": 0, "type": "text", "text": {"value": "[1]", "annotations": [cited]}}]
        delta = {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": content}}
        _name, shown = convert("thread.message.delta", delta)
        (note,) = shown["delta"]["content"][0]["text"]["annotations"]
        assert note["file_citation"] == {"file_id": "file-x", "quote": ""}
