"""The files of assistants and messages as objects of their own: reference, section 11."""

from __future__ import annotations

import pytest

from chat.actions.assistants_v1 import assistant_files
from chat.models import Assistant, File, Message, Thread, User
from tests.actions.knowledge.stores import ids_of
from tests.api.assistants_v1.making import CODE, RETRIEVAL, SEARCH, made_by, searched, speaking
from tests.api.calling import Api, absent, told, whole

pytestmark = pytest.mark.django_db


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
