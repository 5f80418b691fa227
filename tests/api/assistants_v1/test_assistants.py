"""Assistants with ``file_ids``: reference, section 11."""

from __future__ import annotations

import pytest

from chat.models import Assistant, User, VectorStore
from tests.actions.knowledge.stores import file_of, ids_of
from tests.api.assistants_v1.making import CODE, RETRIEVAL, SEARCH, UNKNOWN, made_by, searched
from tests.api.calling import Api, Body, refused, told

pytestmark = pytest.mark.django_db


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

    def test_may_be_pictures_if_there_is_a_tool_for_them(self, either: Api, ada: User) -> None:
        notes, picture = file_of(ada).id, file_of(ada, "dot.png").id
        assistant = made_by(either, CODE, RETRIEVAL, file_ids=[notes, picture])
        assert assistant.tool_resources["code_interpreter"] == {"file_ids": [notes, picture]}
        assert searched(assistant) == [notes]
        either.made(f"/assistants/{assistant.id}", {"file_ids": [picture]})
        assert searched(assistant) == []
        body = {"model": "m", "tools": [RETRIEVAL], "file_ids": [picture]}
        status, answer = told(either.post("/assistants", body))
        assert (status, answer["error"]["code"], answer["error"]["param"]) == (400, "unsupported_file", "file_ids")

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
