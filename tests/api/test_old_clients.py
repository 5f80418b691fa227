"""Clients of the first Assistants API, and those that do not say which they speak: reference, section 11."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from chat.actions import assistant_files, vector_stores
from chat.api.old.shapes import show_to
from chat.models import Assistant, File, Message, Run, RunStep, Thread, User, VectorStore
from chat.providers.scripted import ScriptedProvider
from tests.actions.knowledge import file_of, ids_of
from tests.api.calling import Api, Body, absent, refused, told, whole
from tests.api.streaming import Streams, names
from tests.engine.stage import Stage

pytestmark = pytest.mark.django_db

CODE, RETRIEVAL, SEARCH = {"type": "code_interpreter"}, {"type": "retrieval"}, {"type": "file_search"}
V1 = {"OpenAI-Beta": "assistants=v1"}
EVERY_TOOL = [{"type": "file_search"}, {"type": "code_interpreter"}]
UNKNOWN = refused("Unknown parameter: 'file_ids'.", param="file_ids", code="unknown_parameter")
NEEDS = "Please try again by setting the header 'OpenAI-Beta: assistants=v2'."
GUIDE = "See the migration guide for more information: https://platform.openai.com/docs/assistants/migration."


def speaking(user: User, beta: str) -> Api:
    """A program of the user's that says ``beta`` in its header; '': it has none."""
    api = Api(user)
    said = {"OpenAI-Beta": f"assistants={beta}"} if beta else {}
    api.client = Client(headers={"Authorization": f"Bearer {api.secret}", **said})
    return api


@pytest.fixture
def old(ada: User) -> Api:
    return speaking(ada, "v1")


@pytest.fixture
def silent(ada: User) -> Api:
    return speaking(ada, "")


@pytest.fixture
def new(ada: User) -> Api:
    return speaking(ada, "v2")


@pytest.fixture(params=["v1", ""])
def either(request: pytest.FixtureRequest, ada: User) -> Api:
    """Whoever may send the old form."""
    return speaking(ada, request.param)


def made_by(api: Api, *tools: Body, file_ids: list[str]) -> Assistant:
    """A new assistant with these files."""
    shown = api.made("/assistants", {"model": "gpt-4-1106-preview", "tools": list(tools), "file_ids": file_ids})
    return Assistant.objects.get(id=shown["id"])


def searched(assistant: Assistant) -> list[str]:
    """The files of the assistant's vector store."""
    (store_id,) = assistant.tool_resources["file_search"]["vector_store_ids"]
    return sorted(vector_stores.get(assistant.owner, store_id).files.values_list("id", flat=True))


class TestFileIdsOfAnAssistant:
    def test_are_for_the_code_interpreter(self, either: Api, ada: User) -> None:
        file_ids = ids_of(ada, 2)
        assistant = made_by(either, CODE, file_ids=file_ids)
        assert assistant.tool_resources == {"code_interpreter": {"file_ids": file_ids}}

    def test_are_in_one_vector_store_for_retrieval(self, either: Api, ada: User) -> None:
        file_ids = ids_of(ada, 2)
        assistant = made_by(either, RETRIEVAL, file_ids=file_ids)
        assert list(assistant.tool_resources) == ["file_search"]
        assert searched(assistant) == sorted(file_ids)
        assert assistant.tools[0]["type"] == "file_search"

    def test_are_for_all_tools_that_use_files(self, either: Api, ada: User) -> None:
        file_ids = ids_of(ada, 1)
        assistant = made_by(either, CODE, RETRIEVAL, file_ids=file_ids)
        assert assistant.tool_resources["code_interpreter"] == {"file_ids": file_ids}
        assert searched(assistant) == file_ids

    def test_are_kept_for_tools_to_come(self, old: Api, ada: User) -> None:
        file_ids = ids_of(ada, 1)
        assistant = made_by(old, file_ids=file_ids)
        assert old.made(f"/assistants/{assistant.id}", {"tools": [RETRIEVAL]})["file_ids"] == file_ids
        assistant.refresh_from_db()
        assert searched(assistant) == file_ids

    def test_follow_the_tools_of_an_old_client_only(self, silent: Api, ada: User) -> None:
        assistant = made_by(silent, CODE, file_ids=ids_of(ada, 1))
        silent.made(f"/assistants/{assistant.id}", {"tools": [CODE, SEARCH]})
        assert not VectorStore.objects.exists()

    def test_are_at_most_twenty(self, either: Api, ada: User) -> None:
        reply = either.post("/assistants", {"model": "m", "tools": [CODE], "file_ids": ids_of(ada, 21)})
        expected = "Expected an array with maximum length 20, but got an array with length 21 instead."
        message = f"Invalid 'file_ids': array too long. {expected}"
        assert told(reply) == refused(message, param="file_ids", code="array_above_max_length")

    @pytest.mark.parametrize("tools", [[CODE], [RETRIEVAL]])
    def test_are_the_users_own(self, either: Api, bob: User, tools: list[Body]) -> None:
        (theirs,) = ids_of(bob, 1)
        status, answer = told(either.post("/assistants", {"model": "m", "tools": tools, "file_ids": [theirs]}))
        assert (status, answer["error"]["message"]) == (404, f"No such File object: {theirs}")
        assert not VectorStore.objects.exists()

    def test_are_strings(self, either: Api) -> None:
        message = "Invalid type for 'file_ids': expected an array of strings, but got a string instead."
        expected = refused(message, param="file_ids", code="invalid_type")
        assert told(either.post("/assistants", {"model": "m", "file_ids": "file-x"})) == expected

    def test_do_not_go_with_tool_resources(self, either: Api) -> None:
        both = {"model": "m", "file_ids": [], "tool_resources": {"code_interpreter": {"file_ids": []}}}
        status, answer = told(either.post("/assistants", both))
        assert (status, answer["error"]["param"]) == (400, "file_ids")

    def test_are_unknown_to_the_second_api(self, new: Api, ada: User) -> None:
        assistant = Assistant.objects.create(owner=ada)
        assert told(new.post("/assistants", {"model": "m", "file_ids": []})) == UNKNOWN
        assert told(new.post(f"/assistants/{assistant.id}", {"file_ids": []})) == UNKNOWN

    def test_of_a_vector_store_are_another_matter(self, either: Api, ada: User) -> None:
        assert either.made("/vector_stores", {"file_ids": ids_of(ada, 2)})["file_counts"]["total"] == 2


class TestNewFileIdsOfAnAssistant:
    def test_replace_the_old_ones(self, either: Api, ada: User) -> None:
        first, second, third = ids_of(ada, 3)
        assistant = made_by(either, CODE, RETRIEVAL, file_ids=[first, second])
        either.made(f"/assistants/{assistant.id}", {"file_ids": [second, third]})
        assistant.refresh_from_db()
        assert assistant.tool_resources["code_interpreter"] == {"file_ids": [second, third]}
        assert searched(assistant) == sorted([second, third])
        assert VectorStore.objects.count() == 1

    def test_can_be_none(self, either: Api, ada: User) -> None:
        assistant = made_by(either, CODE, RETRIEVAL, file_ids=ids_of(ada, 1))
        either.made(f"/assistants/{assistant.id}", {"file_ids": []})
        assistant.refresh_from_db()
        assert (searched(assistant), assistant.tool_resources["code_interpreter"]) == ([], {"file_ids": []})

    def test_leave_a_vector_store_alone_that_others_use(self, old: Api, ada: User) -> None:
        first, second = ids_of(ada, 2)
        assistant = made_by(old, RETRIEVAL, file_ids=[first])
        other = Assistant.objects.create(owner=ada, tool_resources=assistant.tool_resources)
        old.made(f"/assistants/{assistant.id}", {"file_ids": [second]})
        assistant.refresh_from_db()
        assert (searched(assistant), searched(other)) == ([second], [first])

    def test_are_not_needed_for_other_changes(self, either: Api, ada: User) -> None:
        assistant = made_by(either, RETRIEVAL, file_ids=ids_of(ada, 1))
        either.made(f"/assistants/{assistant.id}", {"name": "Guide"})
        assert Assistant.objects.get(name="Guide").tool_resources == assistant.tool_resources

    def test_are_for_the_owner_to_choose(self, either: Api, bob: User, ada: User) -> None:
        shared = Assistant.objects.create(owner=bob, audience="everyone")
        status, _answer = told(either.post(f"/assistants/{shared.id}", {"file_ids": ids_of(ada, 1)}))
        assert status == 403
        assert Assistant.objects.get(pk=shared.pk).tool_resources == {}


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
        message = f"Invalid type for 'file_ids': expected an array of strings, but got {kind} instead."
        expected = refused(message, param="file_ids", code="invalid_type")
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


class TestTheFilesOfAnAssistant:
    def test_are_added_found_listed_and_taken_away(self, either: Api, ada: User) -> None:
        first, second = ids_of(ada, 2)
        assistant = made_by(either, RETRIEVAL, file_ids=[first])
        files = f"/assistants/{assistant.id}/files"
        file = either.made(files, {"file_id": second})
        made_at = int(File.objects.get(id=second).created_at.timestamp())
        assert file == {
            "id": second,
            "object": "assistant.file",
            "created_at": made_at,
            "assistant_id": assistant.id,
        }
        assert either.found(f"{files}/{second}") == file
        assert [shown["id"] for shown in either.found(files, order="asc", limit=1)["data"]] == [first]
        assert [shown["id"] for shown in either.found(files, order="asc", after=first)["data"]] == [second]
        assert searched(assistant) == sorted([first, second])

        gone = {"id": first, "object": "assistant.file.deleted", "deleted": True}
        assert whole(either.delete(f"{files}/{first}")) == gone
        assert [shown["id"] for shown in either.found(files)["data"]] == [second]
        assert File.objects.filter(id=first).exists()

    def test_are_added_once(self, either: Api, ada: User) -> None:
        file_ids = ids_of(ada, 1)
        assistant = made_by(either, CODE, file_ids=file_ids)
        either.made(f"/assistants/{assistant.id}/files", {"file_id": file_ids[0]})
        assistant.refresh_from_db()
        assert assistant.tool_resources == {"code_interpreter": {"file_ids": file_ids}}

    def test_are_those_that_the_second_api_gave_it(self, old: Api, new: Api, ada: User) -> None:
        code, search = ids_of(ada, 2)
        resources = {
            "code_interpreter": {"file_ids": [code]},
            "file_search": {"vector_stores": [{"file_ids": [search]}]},
        }
        assistant = new.made("/assistants", {"model": "m", "tools": [CODE, SEARCH], "tool_resources": resources})
        assert old.found(f"/assistants/{assistant['id']}")["file_ids"] == [code, search]

    def test_are_gone_when_they_are_deleted(self, old: Api, ada: User) -> None:
        first, second = ids_of(ada, 2)
        assistant = made_by(old, CODE, RETRIEVAL, file_ids=[first, second])
        whole(old.delete(f"/files/{first}"))
        assert old.found(f"/assistants/{assistant.id}")["file_ids"] == [second]

    def test_that_are_not_there_are_named(self, either: Api, ada: User) -> None:
        assistant = made_by(either, CODE, file_ids=[])
        (other,) = ids_of(ada, 1)
        for ask in (either.get, either.delete):
            reply = ask(f"/assistants/{assistant.id}/files/{other}")
            assert told(reply) == absent(f"No assistant file found with id '{other}'.")

    def test_are_absent_to_others(self, ada: User, bob: User) -> None:
        file_ids = ids_of(ada, 1)
        assistant = made_by(speaking(ada, "v1"), CODE, file_ids=file_ids)
        stranger, files = speaking(bob, "v1"), f"/assistants/{assistant.id}/files"
        replies = [
            stranger.get(files),
            stranger.get(f"{files}/{file_ids[0]}"),
            stranger.post(files, {"file_id": ids_of(bob, 1)[0]}),
            stranger.delete(f"{files}/{file_ids[0]}"),
        ]
        assert [told(reply) for reply in replies] == [absent(f"No assistant found with id '{assistant.id}'.")] * 4
        assert assistant_files.ids_of(ada, [assistant.id]) == {assistant.id: file_ids}

    def test_can_be_changed_by_the_owner_only(self, ada: User, bob: User) -> None:
        (file_id,) = ids_of(ada, 1)
        assistant = made_by(speaking(ada, "v1"), CODE, file_ids=[file_id])
        Assistant.objects.update(audience="everyone")
        guest, files = speaking(bob, "v1"), f"/assistants/{assistant.id}/files"
        assert guest.post(files, {"file_id": ids_of(bob, 1)[0]}).status_code == 403
        assert guest.delete(f"{files}/{file_id}").status_code == 403
        assert [shown["id"] for shown in guest.found(files)["data"]] == [file_id]

    def test_are_not_someone_elses(self, either: Api, bob: User) -> None:
        assistant = made_by(either, CODE, file_ids=[])
        (theirs,) = ids_of(bob, 1)
        status, answer = told(either.post(f"/assistants/{assistant.id}/files", {"file_id": theirs}))
        assert (status, answer["error"]["message"]) == (404, f"No such File object: {theirs}")


class TestTheFilesOfAMessage:
    @pytest.fixture
    def message(self, thread: Thread, ada: User) -> Message:
        attachments = [{"file_id": file_id, "tools": [CODE]} for file_id in ids_of(ada, 2)]
        return Message.objects.create(thread=thread, role="user", content=[], attachments=attachments)

    def test_are_listed_and_found(self, either: Api, thread: Thread, message: Message) -> None:
        files = f"/threads/{thread.id}/messages/{message.id}/files"
        first, second = (attachment["file_id"] for attachment in message.attachments)
        listed = either.found(files)
        assert [shown["id"] for shown in listed["data"]] == [second, first]
        assert either.found(f"{files}/{second}") == listed["data"][0]
        assert (listed["data"][0]["object"], listed["data"][0]["message_id"]) == ("thread.message.file", message.id)

    def test_that_are_not_there_are_named(self, either: Api, thread: Thread, message: Message, ada: User) -> None:
        (other,) = ids_of(ada, 1)
        reply = either.get(f"/threads/{thread.id}/messages/{message.id}/files/{other}")
        assert told(reply) == absent(f"No message file found with id '{other}'.")

    def test_are_absent_to_others(self, thread: Thread, message: Message, bob: User) -> None:
        stranger, files = speaking(bob, "v1"), f"/threads/{thread.id}/messages/{message.id}/files"
        nothing = absent(f"No thread found with id '{thread.id}'.")
        assert told(stranger.get(files)) == nothing
        assert told(stranger.get(f"{files}/{message.attachments[0]['file_id']}")) == nothing


class TestTheOldAddresses:
    PATHS = ("/assistants/asst_1/files", "/assistants/asst_1/files/file-1", "/threads/thread_1/messages/msg_1/files")

    @pytest.mark.parametrize("path", PATHS)
    def test_are_no_addresses_of_the_second_api(self, new: Api, path: str) -> None:
        assert told(new.get(path)) == absent(f"Invalid URL (GET /v1{path})")

    @pytest.mark.parametrize("door", ["/v1", "/openai", "/openai/v1"])
    def test_are_behind_every_door(self, either: Api, ada: User, door: str) -> None:
        assistant = made_by(either, CODE, file_ids=ids_of(ada, 1))
        reply = either.client.get(f"{door}/assistants/{assistant.id}/files", {"api-version": "2024-02-15-preview"})
        assert len(whole(reply)["data"]) == 1

    def test_do_not_hide_that_others_are_wrong(self, either: Api) -> None:
        assert told(either.get("/assistants/asst_1/pages")) == absent("Invalid URL (GET /v1/assistants/asst_1/pages)")
        assert either.delete("/assistants").status_code == 405


class TestTheStrictSetting:
    @pytest.fixture(autouse=True)
    def strict(self, settings) -> None:
        settings.EVERTHREAD_STRICT_BETA_HEADER = True

    @pytest.mark.parametrize(
        ("path", "advice"), [("/assistants", f" {NEEDS}"), ("/threads", f" {NEEDS}"), ("/assistants/asst_1/files", "")]
    )
    def test_refuses_the_first_api_as_openai_did(self, old: Api, path: str, advice: str) -> None:
        message = f"The v1 Assistants API has been deprecated.{advice} {GUIDE}"
        assert told(old.get(path)) == refused(message, code="invalid_beta")

    def test_refuses_silence(self, silent: Api) -> None:
        status, answer = told(silent.get("/assistants/asst_1/files"))
        assert (status, answer["error"]["code"]) == (400, "invalid_beta")
        assert answer["error"]["message"].startswith("You must provide the 'OpenAI-Beta' header")


@pytest.mark.django_db(transaction=True)
class TestAStreamToAnOldClient:
    async def stream(self, streams: Streams, assistant: Assistant, said: str, **headers: str) -> list[Any]:
        thread = {"messages": [{"role": "user", "content": said}]}
        return await streams.whole("/threads/runs", {"assistant_id": assistant.id, "thread": thread}, **headers)

    async def test_tells_old_objects(self, streams: Streams, stage: Stage, ada: User, assistant: Assistant) -> None:
        file = await File.objects.acreate(owner=ada, filename="a.txt", content_type="text/plain", bytes=1)
        assistant.tools, assistant.tool_resources = [SEARCH], {"code_interpreter": {"file_ids": [file.id]}}
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
        request: Any = RequestFactory().get("/", headers=V1)
        request.user, request.beta = ada, "v1"
        show = show_to(request, assistant_id=None)
        call = {"index": 0, "id": "call_1", "type": "file_search", "file_search": {"results": []}}
        details = {"type": "tool_calls", "tool_calls": [call]}
        delta = {"id": "step_1", "object": "thread.run.step.delta", "delta": {"step_details": details}}
        _name, shown = show("thread.run.step.delta", delta)
        retrieval = {"index": 0, "id": "call_1", "type": "retrieval", "retrieval": {}}
        assert shown["delta"]["step_details"]["tool_calls"] == [retrieval]

        cited = {"index": 0, "type": "file_citation", "file_citation": {"file_id": "file-x"}}
        content = [{"index": 0, "type": "text", "text": {"value": "[1]", "annotations": [cited]}}]
        delta = {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": content}}
        _name, shown = show("thread.message.delta", delta)
        (note,) = shown["delta"]["content"][0]["text"]["annotations"]
        assert note["file_citation"] == {"file_id": "file-x", "quote": ""}
