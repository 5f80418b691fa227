"""Messages over the API: reference, sections 3, 5 and 6.3."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Assistant, File, Message, Run, RunStatus, Thread, User, VectorStore
from chat.models.runs import ENDED, LIVE
from tests.actions.knowledge.stores import file_of, ids_of
from tests.api.calling import Api, Body, absent, refused, told

pytestmark = pytest.mark.django_db
PICTURE = "data:image/png;base64,iVBORw0KGgo="
DELETED = {"object": "thread.message.deleted", "deleted": True}


@pytest.fixture
def path(thread: Thread) -> str:
    return f"/threads/{thread.id}/messages"


@pytest.fixture
def picture(ada: User) -> File:
    return File.objects.create(owner=ada, filename="a.png", content_type="image/png", bytes=5)


def said(content: Any = "Hello?", **fields: Any) -> Body:
    return {"role": "user", "content": content} | fields


def text(value: str) -> Body:
    return {"type": "text", "text": {"value": value, "annotations": []}}


def live(thread: Thread, assistant: Assistant, status: str = "queued") -> Run:
    return Run.objects.create(thread=thread, assistant=assistant, status=status)


class TestANewMessage:
    def test_is_shown_whole(self, api: Api, path: str, thread: Thread) -> None:
        shown = api.made(path, said("Hello?", metadata={"a": "b"}))
        row = Message.objects.get()
        assert shown == {
            "id": row.id,
            "object": "thread.message",
            "created_at": int(row.created_at.timestamp()),
            "assistant_id": None,
            "thread_id": thread.id,
            "run_id": None,
            "status": "completed",
            "incomplete_details": None,
            "incomplete_at": None,
            "completed_at": None,
            "role": "user",
            "content": [text("Hello?")],
            "attachments": [],
            "metadata": {"a": "b"},
        }
        assert api.found(f"{path}/{row.id}") == shown

    def test_may_be_said_for_the_assistant(self, api: Api, path: str) -> None:
        assert api.made(path, said(role="assistant"))["role"] == "assistant"

    def test_takes_null_for_nothing(self, api: Api, path: str) -> None:
        shown = api.made(path, said(attachments=None, metadata=None))
        assert (shown["attachments"], shown["metadata"]) == ([], {})

    def test_may_have_several_parts(self, api: Api, path: str, picture: File) -> None:
        parts = [
            {"type": "text", "text": "Look:"},
            {"type": "image_file", "image_file": {"file_id": picture.id}},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
            {"type": "text", "text": "Nice?"},
        ]
        assert api.made(path, said(parts))["content"] == [
            text("Look:"),
            {"type": "image_file", "image_file": {"file_id": picture.id, "detail": "auto"}},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
            text("Nice?"),
        ]

    @pytest.mark.parametrize("url", ["https://example.org/a.png", "http://127.0.0.1/a.png", PICTURE])
    def test_may_be_a_picture_alone(self, api: Api, path: str, url: str) -> None:
        part = {"type": "image_url", "image_url": {"url": url, "detail": "high"}}
        assert api.made(path, said([part]))["content"] == [part]

    @pytest.mark.parametrize("url", ["ftp://example.org/a.png", "file:///etc/hosts", "javascript:1", "data:text/html,"])
    def test_has_pictures_from_the_web_alone(self, api: Api, path: str, url: str) -> None:
        reply = api.post(path, said([{"type": "image_url", "image_url": {"url": url}}]))
        message = "An image's address must begin with https://, http:// or data:image/."
        assert told(reply) == refused(message, param="content[0].image_url.url")

    @pytest.mark.parametrize("content", ["", " \n", [{"type": "text", "text": ""}]])
    def test_says_something(self, api: Api, path: str, content: Any) -> None:
        reply = told(api.post(path, said(content)))
        assert reply == refused("Message content must be non-empty.", param="content")

    def test_keeps_its_white_space(self, api: Api, path: str) -> None:
        assert api.made(path, said("  a\r\n\tb "))["content"] == [text("  a\r\n\tb ")]

    def test_is_no_longer_than_the_limit_over_all_its_parts(self, api: Api, path: str) -> None:
        part = {"type": "text", "text": "x" * 128_000}
        assert api.post(path, said([part, part])).status_code == 200
        reply = api.post(path, said([part, part, part]))
        assert reply.json()["error"]["code"] == "string_above_max_length"

    def test_has_pictures_that_are_there(self, api: Api, path: str, ada: User) -> None:
        part = {"type": "image_file", "image_file": {"file_id": "file-x"}}
        reply = api.post(path, said([part]))
        assert (reply.status_code, reply.json()["error"]["message"]) == (404, "No such File object: file-x")
        part["image_file"] = {"file_id": file_of(ada).id}
        assert api.post(path, said([part])).json()["error"]["param"] == "content[0].image_file.file_id"

    def test_moves_its_thread_to_the_top_of_the_chat_page(self, api: Api, path: str, thread: Thread) -> None:
        before = thread.active_at
        api.made(path, said())
        thread.refresh_from_db()
        assert thread.active_at > before


class TestAttachments:
    def test_are_shown_as_they_were_sent_twice_or_not(self, api: Api, path: str, ada: User) -> None:
        one, other = ids_of(ada, 2)
        given = [
            {"file_id": one, "tools": [{"type": "file_search"}, {"type": "code_interpreter"}]},
            {"file_id": other, "tools": []},
            {"file_id": one, "tools": [{"type": "file_search"}]},
        ]
        shown = api.made(path, said(attachments=given))
        assert shown["attachments"] == given
        assert api.found(f"{path}/{shown['id']}")["attachments"] == given

    def test_join_the_threads_resources_once(self, api: Api, path: str, thread: Thread, ada: User) -> None:
        one, other = ids_of(ada, 2)
        for file_id in (one, other, one):
            tools = [{"type": "file_search"}, {"type": "code_interpreter"}]
            api.made(path, said(attachments=[{"file_id": file_id, "tools": tools}]))
        store = VectorStore.objects.get()
        assert api.found(f"/threads/{thread.id}")["tool_resources"] == {
            "code_interpreter": {"file_ids": [one, other]},
            "file_search": {"vector_store_ids": [store.id]},
        }
        assert set(store.files.values_list("id", flat=True)) == {one, other}

    def test_can_be_read_by_a_tool_that_they_are_for(self, api: Api, path: str, thread: Thread, ada: User) -> None:
        picture = file_of(ada, "dot.png").id
        search, code = {"type": "file_search"}, {"type": "code_interpreter"}
        way_out = "A picture can be attached to a message, for models that see."
        message = f"Files with extensions [.png] are not supported for retrieval. {way_out} It is the file '{picture}'."
        reply = api.post(path, said(attachments=[{"file_id": picture, "tools": [search]}]))
        assert told(reply) == refused(message, param="attachments[0].file_id", code="unsupported_file")
        assert not Message.objects.exists()
        api.made(path, said(attachments=[{"file_id": picture, "tools": [search, code]}]))
        shown = api.found(f"/threads/{thread.id}")["tool_resources"]
        assert shown == {"code_interpreter": {"file_ids": [picture]}}

    def test_must_be_there(self, api: Api, path: str, bob: User) -> None:
        for id in ("file-x", file_of(bob).id):
            reply = api.post(path, said(attachments=[{"file_id": id, "tools": [{"type": "file_search"}]}]))
            assert (reply.status_code, reply.json()["error"]["message"]) == (404, f"No such File object: {id}")
        assert not Message.objects.exists()


class TestAMessage:
    def test_has_its_metadata_replaced_as_a_whole(self, api: Api, path: str) -> None:
        made = api.made(path, said(metadata={"a": "1", "b": "2"}))
        changed = api.made(f"{path}/{made['id']}", {"metadata": {"b": "3"}})
        assert changed == made | {"metadata": {"b": "3"}}
        assert api.found(f"{path}/{made['id']}") == changed

    @pytest.mark.parametrize("body", [None, {}])
    def test_stays_as_it_is_when_nothing_is_sent(self, api: Api, path: str, body: Body | None) -> None:
        made = api.made(path, said(metadata={"a": "1"}))
        assert api.made(f"{path}/{made['id']}", body) == made

    def test_loses_its_metadata_to_null(self, api: Api, path: str) -> None:
        made = api.made(path, said(metadata={"a": "1"}))
        assert api.made(f"{path}/{made['id']}", {"metadata": None})["metadata"] == {}

    def test_of_another_thread_is_absent(self, api: Api, path: str, ada: User) -> None:
        id = api.made(path, said())["id"]
        other = f"/threads/{Thread.objects.create(owner=ada).id}/messages/{id}"
        gone = absent(f"No message found with id '{id}'.")
        assert told(api.get(other)) == told(api.post(other, {"metadata": {}})) == told(api.delete(other)) == gone

    def test_can_be_deleted(self, api: Api, path: str) -> None:
        id = api.made(path, said())["id"]
        assert told(api.delete(f"{path}/{id}")) == (200, {"id": id, **DELETED})
        assert told(api.delete(f"{path}/{id}")) == absent(f"No message found with id '{id}'.")
        assert api.found(path)["data"] == []


class TestTheListOfMessages:
    def test_has_the_newest_first(self, api: Api, path: str) -> None:
        ids = [api.made(path, said(f"{place}"))["id"] for place in range(3)]
        assert [row["id"] for row in api.found(path)["data"]] == ids[::-1]
        assert [row["id"] for row in api.found(path, order="asc")["data"]] == ids

    def test_is_filtered_by_run(self, api: Api, path: str, thread: Thread, assistant: Assistant) -> None:
        api.made(path, said())
        runs = [Run.objects.create(thread=thread, assistant=assistant, status="completed") for _ in range(2)]
        answers = [Message.objects.create(thread=thread, run=run, role="assistant") for run in [*runs, runs[0]]]
        shown = api.found(path, run_id=runs[0].id, order="asc")
        assert [row["id"] for row in shown["data"]] == [answers[0].id, answers[2].id]
        assert api.found(path, run_id="run_x")["data"] == []

    def test_keeps_its_filter_over_pages(self, api: Api, path: str, thread: Thread, assistant: Assistant) -> None:
        run = Run.objects.create(thread=thread, assistant=assistant, status="completed")
        answers = [Message.objects.create(thread=thread, run=run, role="assistant").id for _ in range(3)]
        api.made(path, said())
        first = api.found(path, run_id=run.id, limit=2)
        rest = api.found(path, run_id=run.id, limit=2, after=first["last_id"])
        assert [row["id"] for row in first["data"] + rest["data"]] == answers[::-1]


class TestAThreadWithALiveRun:
    """Section 6.3."""

    @pytest.mark.parametrize("status", LIVE)
    def test_takes_no_message(
        self, api: Api, path: str, thread: Thread, assistant: Assistant, status: RunStatus
    ) -> None:
        run = live(thread, assistant, status)
        message = f"Can't add messages to {thread.id} while a run {run.id} is active."
        assert told(api.post(path, said())) == refused(message)
        assert not Message.objects.exists()

    @pytest.mark.parametrize("status", ENDED)
    def test_takes_messages_again_when_it_has_ended(
        self, api: Api, path: str, thread: Thread, assistant: Assistant, status: RunStatus
    ) -> None:
        live(thread, assistant, status)
        assert api.post(path, said()).status_code == 200

    def test_keeps_its_messages(self, api: Api, path: str, thread: Thread, assistant: Assistant) -> None:
        id = api.made(path, said())["id"]
        run = live(thread, assistant)
        message = f"Can't delete messages of {thread.id} while a run {run.id} is active."
        assert told(api.delete(f"{path}/{id}")) == refused(message)

    def test_can_be_read_and_marked(self, api: Api, path: str, thread: Thread, assistant: Assistant) -> None:
        id = api.made(path, said())["id"]
        live(thread, assistant)
        assert api.found(path)["first_id"] == id
        assert api.made(f"{path}/{id}", {"metadata": {"seen": "yes"}})["metadata"] == {"seen": "yes"}
