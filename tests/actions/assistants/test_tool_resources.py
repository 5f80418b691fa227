from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.actions.assistants import tool_resources
from chat.actions.knowledge import vector_stores
from chat.errors import InvalidRequest, NotFound
from chat.models import File, Thread, User, VectorStore, VectorStoreFile
from tests.actions.knowledge.stores import file_of, ids_of


def attachment(file_id: str, *tools: str) -> dict[str, Any]:
    return {"file_id": file_id, "tools": [{"type": tool} for tool in tools]}


class TestToolResourcesThatAreGiven:
    @pytest.mark.parametrize("nothing", [None, {}, {"code_interpreter": None, "file_search": None}])
    def test_may_be_nothing(self, ada: User, nothing: dict[str, Any] | None) -> None:
        assert tool_resources.checked(ada, nothing) == {}

    def test_keep_only_the_keys_that_were_given(self, ada: User) -> None:
        store = vector_stores.create(ada)
        one, other = ids_of(ada, 2)
        code = {"code_interpreter": {"file_ids": [other, one, other]}}
        search = {"file_search": {"vector_store_ids": [store.id]}}
        assert tool_resources.checked(ada, code) == {"code_interpreter": {"file_ids": [other, one]}}
        assert tool_resources.checked(ada, search) == search
        assert list(tool_resources.checked(ada, code | search)) == ["code_interpreter", "file_search"]

    def test_keep_an_empty_list_for_a_tool_that_was_named(self, ada: User) -> None:
        kept = tool_resources.checked(ada, {"code_interpreter": {}, "file_search": {}})
        assert kept == {"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": []}}

    def test_may_not_name_a_file_of_someone_else(self, ada: User, bob: User) -> None:
        (theirs,) = ids_of(bob, 1)
        with pytest.raises(NotFound, match=f"^No such File object: {theirs}$"):
            tool_resources.checked(ada, {"code_interpreter": {"file_ids": [theirs]}})

    def test_may_not_name_a_store_of_someone_else(self, ada: User, bob: User) -> None:
        theirs = vector_stores.create(bob)
        with pytest.raises(NotFound, match=f"^No vector store found with id '{theirs.id}'.$"):
            tool_resources.checked(ada, {"file_search": {"vector_store_ids": [theirs.id]}})

    @pytest.mark.parametrize(("for_thread", "days"), [(True, 7), (False, None)])
    def test_have_a_store_made_whose_id_takes_its_place(self, ada: User, for_thread: bool, days: int | None) -> None:
        file_ids = ids_of(ada, 2)
        wanted = {"file_ids": file_ids, "metadata": {"for": "test"}, "chunking_strategy": {"type": "auto"}}
        kept = tool_resources.checked(ada, {"file_search": {"vector_stores": [wanted]}}, for_thread=for_thread)
        store = VectorStore.objects.get()
        assert kept == {"file_search": {"vector_store_ids": [store.id]}}
        assert (store.owner, store.metadata, store.expires_after) == (ada, {"for": "test"}, days)
        assert store.origin == ("attachment" if for_thread else "api")
        assert {file.id for file in store.files.all()} == set(file_ids)

    def test_may_not_both_name_a_store_and_have_one_made(self, ada: User) -> None:
        both = {"vector_store_ids": [vector_stores.create(ada).id], "vector_stores": [{"file_ids": []}]}
        with pytest.raises(InvalidRequest, match="exclude each other") as refused:
            tool_resources.checked(ada, {"file_search": both})
        assert refused.value.param == "tool_resources.file_search"
        assert VectorStore.objects.count() == 1

    def test_leave_no_store_behind_when_they_are_refused(self, ada: User) -> None:
        wanted = {"file_ids": [*ids_of(ada, 1), "file-none"]}
        with pytest.raises(NotFound):
            tool_resources.checked(ada, {"file_search": {"vector_stores": [wanted]}})
        assert not VectorStore.objects.exists()


class TestAnAttachment:
    def test_for_code_joins_the_files_of_the_thread_once(self, thread: Thread, ada: User) -> None:
        one, other = ids_of(ada, 2)
        tool_resources.attach(thread, [attachment(one, "code_interpreter"), attachment(one, "code_interpreter")])
        tool_resources.attach(thread, [attachment(other, "code_interpreter"), attachment(one, "code_interpreter")])
        thread.refresh_from_db()
        assert thread.tool_resources == {"code_interpreter": {"file_ids": [one, other]}}

    def test_for_search_goes_into_a_store_made_for_the_thread_that_expires_after_seven_days(
        self, thread: Thread, ada: User
    ) -> None:
        (file_id,) = ids_of(ada, 1)
        tool_resources.attach(thread, [attachment(file_id, "file_search")])
        store = VectorStore.objects.get()
        assert thread.tool_resources == {"file_search": {"vector_store_ids": [store.id]}}
        assert (store.owner, store.expires_after, store.origin) == (ada, 7, "attachment")
        assert [file.id for file in store.files.all()] == [file_id]

    def test_for_search_goes_into_the_store_that_the_thread_has(self, thread: Thread, ada: User) -> None:
        one, other = ids_of(ada, 2)
        tool_resources.attach(thread, [attachment(one, "file_search")])
        tool_resources.attach(thread, [attachment(other, "file_search")])
        assert {file.id for file in VectorStore.objects.get().files.all()} == {one, other}

    def test_that_the_store_has_already_is_not_read_again(self, thread: Thread, ada: User) -> None:
        (file_id,) = ids_of(ada, 1)
        tool_resources.attach(thread, [attachment(file_id, "file_search")])
        VectorStoreFile.objects.update(status="completed")
        tool_resources.attach(thread, [attachment(file_id, "file_search")])
        assert VectorStoreFile.objects.get().status == "completed"

    def test_that_cannot_be_searched_is_not_put_into_the_store(self, thread: Thread, ada: User) -> None:
        picture, notes = file_of(ada, "dot.png").id, file_of(ada).id
        tool_resources.attach(thread, [attachment(picture, "file_search"), attachment(notes, "file_search")])
        assert [file.id for file in VectorStore.objects.get().files.all()] == [notes]

    def test_alone_that_cannot_be_searched_makes_no_store(self, thread: Thread, ada: User) -> None:
        tool_resources.attach(thread, [attachment(file_of(ada, "dot.png").id, "code_interpreter", "file_search")])
        assert list(thread.tool_resources) == ["code_interpreter"]
        assert not VectorStore.objects.exists()

    def test_for_both_serves_both(self, thread: Thread, ada: User) -> None:
        (file_id,) = ids_of(ada, 1)
        tool_resources.attach(thread, [attachment(file_id, "code_interpreter", "file_search")])
        assert thread.tool_resources == {
            "code_interpreter": {"file_ids": [file_id]},
            "file_search": {"vector_store_ids": [VectorStore.objects.get().id]},
        }

    @pytest.mark.parametrize("gone", ["expired", "deleted"])
    def test_gets_a_new_store_when_the_one_of_the_thread_is_gone(self, thread: Thread, ada: User, gone: str) -> None:
        one, other = ids_of(ada, 2)
        tool_resources.attach(thread, [attachment(one, "file_search")])
        before = VectorStore.objects.get()
        if gone == "expired":
            VectorStore.objects.update(last_active_at=timezone.now() - timedelta(days=8))
        else:
            before.delete()
        tool_resources.attach(thread, [attachment(other, "file_search")])
        (store_id,) = thread.tool_resources["file_search"]["vector_store_ids"]
        assert store_id != before.id
        assert [file.id for file in VectorStore.objects.get(id=store_id).files.all()] == [other]

    def test_never_goes_into_a_store_of_someone_else(self, thread: Thread, ada: User, bob: User) -> None:
        theirs = vector_stores.create(bob)
        thread.tool_resources = {"file_search": {"vector_store_ids": [theirs.id]}}
        thread.save()
        tool_resources.attach(thread, [attachment(file_of(ada).id, "file_search")])
        assert not theirs.entries.exists()

    @pytest.mark.parametrize(
        "idle", [[], [{"file_id": "file-x"}], [{"file_id": "file-x", "tools": None}], [{"tools": []}]]
    )
    def test_without_file_or_tools_changes_nothing(self, thread: Thread, idle: Sequence[dict[str, Any]]) -> None:
        tool_resources.attach(thread, idle)
        thread.refresh_from_db()
        assert thread.tool_resources == {}

    def test_that_is_gone_or_someone_elses_is_left_out(self, thread: Thread, bob: User) -> None:
        gone, theirs = "file-gone", file_of(bob).id
        tool_resources.attach(thread, [attachment(id, "code_interpreter", "file_search") for id in (gone, theirs)])
        assert thread.tool_resources == {}

    def test_that_has_expired_is_left_out(self, thread: Thread, ada: User) -> None:
        file = file_of(ada)
        File.objects.filter(pk=file.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        tool_resources.attach(thread, [attachment(file.id, "code_interpreter", "file_search")])
        assert thread.tool_resources == {}

    def test_beyond_twenty_files_for_code_is_refused(self, thread: Thread, ada: User) -> None:
        file_ids = ids_of(ada, 21)
        tool_resources.attach(thread, [attachment(file_id, "code_interpreter") for file_id in file_ids[:20]])
        with pytest.raises(InvalidRequest, match="with these it would have 21") as refused:
            tool_resources.attach(thread, [attachment(file_ids[20], "code_interpreter")])
        assert refused.value.param == "attachments"
        thread.refresh_from_db()
        assert thread.tool_resources["code_interpreter"]["file_ids"] == file_ids[:20]

    def test_keeps_what_someone_else_attached_meanwhile(self, thread: Thread, ada: User) -> None:
        one, other = ids_of(ada, 2)
        tool_resources.attach(Thread.objects.get(pk=thread.pk), [attachment(one, "code_interpreter")])
        tool_resources.attach(thread, [attachment(other, "code_interpreter")])
        assert thread.tool_resources == {"code_interpreter": {"file_ids": [one, other]}}


class TestTheResourcesOfARun:
    def test_are_the_assistants_and_the_threads(self) -> None:
        assistant = {"code_interpreter": {"file_ids": ["file-a"]}, "file_search": {"vector_store_ids": ["vs_a"]}}
        thread = {
            "code_interpreter": {"file_ids": ["file-t", "file-a"]},
            "file_search": {"vector_store_ids": ["vs_t"]},
        }
        assert tool_resources.effective(assistant, thread) == {
            "code_interpreter": {"file_ids": ["file-a", "file-t"]},
            "file_search": {"vector_store_ids": ["vs_a", "vs_t"]},
        }

    def test_have_only_the_tools_that_either_has(self) -> None:
        search = {"file_search": {"vector_store_ids": ["vs_t"]}}
        assert tool_resources.effective({}, {}) == {}
        assert tool_resources.effective(search, {}) == search
        assert tool_resources.effective({}, search) == search
