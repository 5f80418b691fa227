"""What people attach is given to the tools that can do something with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.actions.conversation import attachments, messages, sending, threads
from chat.actions.knowledge import vector_stores
from chat.errors import InvalidRequest
from chat.models import Assistant, File, Thread, User, VectorStore, VectorStoreFile
from tests.actions.knowledge.stores import file_of, ids_of

SEARCH, CODE = {"type": "file_search"}, {"type": "code_interpreter"}


def a_file(ada: User, name: str, content_type: str = "application/octet-stream") -> File:
    return File.objects.create(owner=ada, filename=name, content_type=content_type, bytes=1)


@pytest.fixture
def coder(assistant: Assistant) -> Assistant:
    """Runs code."""
    assistant.tools = [CODE]
    assistant.save()
    return assistant


class TestAnAttachedFile:
    @pytest.mark.parametrize(
        ("name", "tools"),
        [
            ("plan.pdf", [SEARCH, CODE]),
            ("notes.txt", [SEARCH, CODE]),
            ("table.csv", [CODE]),
            ("Table.XLSX", [CODE]),
            ("data.json", [CODE]),
            ("all.zip", [CODE]),
            ("frame.parquet", [CODE]),
        ],
    )
    def test_is_for_the_tools_that_can_read_it(self, ada: User, coder: Assistant, name: str, tools: list) -> None:
        file = a_file(ada, name)
        assert attachments.attachments_for([file], assistant=coder) == [{"file_id": file.id, "tools": tools}]

    @pytest.mark.parametrize("name", ["plan.pdf", "table.csv"])
    def test_is_searched_where_no_code_runs(self, ada: User, assistant: Assistant, name: str) -> None:
        file = a_file(ada, name)
        assert attachments.attachments_for([file], assistant=assistant) == [{"file_id": file.id, "tools": [SEARCH]}]

    def test_for_code_alone_is_refused_where_none_runs(self, ada: User, assistant: Assistant) -> None:
        with pytest.raises(InvalidRequest, match=r"“all\.zip” can be read by assistants that run code only"):
            attachments.attachments_for([a_file(ada, "all.zip")], assistant=assistant)

    def test_that_is_a_picture_is_there_for_code_too(self, ada: User, coder: Assistant) -> None:
        file = a_file(ada, "photo.png", "image/png")
        assert attachments.attachments_for([file], assistant=coder) == [{"file_id": file.id, "tools": [CODE]}]

    def test_that_is_a_picture_is_only_seen_where_no_code_runs(self, ada: User, assistant: Assistant) -> None:
        assert attachments.attachments_for([a_file(ada, "photo.png", "image/png")], assistant=assistant) == []

    def test_lies_in_the_folder_of_the_thread(self, ada: User, coder: Assistant) -> None:
        thread = Thread.objects.create(owner=ada, assistant=coder)
        file = a_file(ada, "table.csv")
        posted = sending.send(thread.owner, thread.id, text="Sum it up", files=[file], client_key="a")
        assert posted.run is not None
        assert posted.run.tool_resources["code_interpreter"] == {"file_ids": [file.id]}


class TestWhatIsOffered:
    def test_is_data_too_if_one_of_the_assistants_runs_code(self, assistant: Assistant) -> None:
        assert ".zip" not in attachments.accepted_types([assistant])
        assert ".pdf" in attachments.accepted_types([assistant])
        assert ".zip" in attachments.accepted_types([assistant, Assistant(tools=[CODE])])


def attachment(file_id: str, *tools: str) -> dict[str, Any]:
    return {"file_id": file_id, "tools": [{"type": tool} for tool in tools]}


def attach(thread: Thread, attached: Sequence[dict[str, Any]]) -> None:
    """As when a message with these attachments is posted."""
    locked = threads.lock(thread.owner, thread.id)
    attachments.attach(locked, attached)
    locked.touch()
    thread.refresh_from_db()


class TestAnAttachment:
    def test_for_code_joins_the_files_of_the_thread_once(self, thread: Thread, ada: User) -> None:
        one, other = ids_of(ada, 2)
        attach(thread, [attachment(one, "code_interpreter"), attachment(one, "code_interpreter")])
        attach(thread, [attachment(other, "code_interpreter"), attachment(one, "code_interpreter")])
        thread.refresh_from_db()
        assert thread.tool_resources == {"code_interpreter": {"file_ids": [one, other]}}

    def test_for_search_goes_into_a_store_made_for_the_thread_that_expires_after_seven_days(
        self, thread: Thread, ada: User
    ) -> None:
        (file_id,) = ids_of(ada, 1)
        attach(thread, [attachment(file_id, "file_search")])
        store = VectorStore.objects.get()
        assert thread.tool_resources == {"file_search": {"vector_store_ids": [store.id]}}
        assert (store.owner, store.expires_after, store.origin) == (ada, 7, "attachment")
        assert [file.id for file in store.files.all()] == [file_id]

    def test_for_search_goes_into_the_store_that_the_thread_has(self, thread: Thread, ada: User) -> None:
        one, other = ids_of(ada, 2)
        attach(thread, [attachment(one, "file_search")])
        attach(thread, [attachment(other, "file_search")])
        assert {file.id for file in VectorStore.objects.get().files.all()} == {one, other}

    def test_that_the_store_has_already_is_not_read_again(self, thread: Thread, ada: User) -> None:
        (file_id,) = ids_of(ada, 1)
        attach(thread, [attachment(file_id, "file_search")])
        VectorStoreFile.objects.update(status="completed")
        attach(thread, [attachment(file_id, "file_search")])
        assert VectorStoreFile.objects.get().status == "completed"

    def test_that_cannot_be_searched_is_not_put_into_the_store(self, thread: Thread, ada: User) -> None:
        picture, notes = file_of(ada, "dot.png").id, file_of(ada).id
        attach(thread, [attachment(picture, "file_search"), attachment(notes, "file_search")])
        assert [file.id for file in VectorStore.objects.get().files.all()] == [notes]

    def test_alone_that_cannot_be_searched_makes_no_store(self, thread: Thread, ada: User) -> None:
        attach(thread, [attachment(file_of(ada, "dot.png").id, "code_interpreter", "file_search")])
        assert list(thread.tool_resources) == ["code_interpreter"]
        assert not VectorStore.objects.exists()

    def test_for_both_serves_both(self, thread: Thread, ada: User) -> None:
        (file_id,) = ids_of(ada, 1)
        attach(thread, [attachment(file_id, "code_interpreter", "file_search")])
        assert thread.tool_resources == {
            "code_interpreter": {"file_ids": [file_id]},
            "file_search": {"vector_store_ids": [VectorStore.objects.get().id]},
        }

    @pytest.mark.parametrize("gone", ["expired", "deleted"])
    def test_gets_a_new_store_when_the_one_of_the_thread_is_gone(self, thread: Thread, ada: User, gone: str) -> None:
        one, other = ids_of(ada, 2)
        attach(thread, [attachment(one, "file_search")])
        before = VectorStore.objects.get()
        if gone == "expired":
            VectorStore.objects.update(last_active_at=timezone.now() - timedelta(days=8))
        else:
            before.delete()
        attach(thread, [attachment(other, "file_search")])
        (store_id,) = thread.tool_resources["file_search"]["vector_store_ids"]
        assert store_id != before.id
        assert [file.id for file in VectorStore.objects.get(id=store_id).files.all()] == [other]

    def test_never_goes_into_a_store_of_someone_else(self, thread: Thread, ada: User, bob: User) -> None:
        theirs = vector_stores.create(bob)
        thread.tool_resources = {"file_search": {"vector_store_ids": [theirs.id]}}
        thread.save()
        attach(thread, [attachment(file_of(ada).id, "file_search")])
        assert not theirs.entries.exists()

    @pytest.mark.parametrize(
        "idle", [[], [{"file_id": "file-x"}], [{"file_id": "file-x", "tools": None}], [{"tools": []}]]
    )
    def test_without_file_or_tools_changes_nothing(self, thread: Thread, idle: Sequence[dict[str, Any]]) -> None:
        attach(thread, idle)
        thread.refresh_from_db()
        assert thread.tool_resources == {}

    def test_that_is_gone_or_someone_elses_is_left_out(self, thread: Thread, bob: User) -> None:
        gone, theirs = "file-gone", file_of(bob).id
        attach(thread, [attachment(id, "code_interpreter", "file_search") for id in (gone, theirs)])
        assert thread.tool_resources == {}

    def test_that_has_expired_is_left_out(self, thread: Thread, ada: User) -> None:
        file = file_of(ada)
        File.objects.filter(pk=file.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        attach(thread, [attachment(file.id, "code_interpreter", "file_search")])
        assert thread.tool_resources == {}

    def test_beyond_twenty_files_for_code_is_refused(self, thread: Thread, ada: User) -> None:
        file_ids = ids_of(ada, 21)
        attach(thread, [attachment(file_id, "code_interpreter") for file_id in file_ids[:20]])
        with pytest.raises(InvalidRequest, match="with these it would have 21") as refused:
            attach(thread, [attachment(file_ids[20], "code_interpreter")])
        assert refused.value.param == "attachments"
        thread.refresh_from_db()
        assert thread.tool_resources["code_interpreter"]["file_ids"] == file_ids[:20]

    def test_keeps_what_someone_else_attached_meanwhile(self, thread: Thread, ada: User) -> None:
        one, other = ids_of(ada, 2)
        for file_id in (one, other):
            messages.create(ada, thread.id, content="Look", attachments=[attachment(file_id, "code_interpreter")])
        thread.refresh_from_db()
        assert thread.tool_resources == {"code_interpreter": {"file_ids": [one, other]}}
