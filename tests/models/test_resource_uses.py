"""Which rows name which files and vector stores."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from chat.models import Message, ResourceUse, Run, RunStep, Thread, User
from chat.models.resource_uses import add_uses, named_by, replace_uses
from chat.models.runs import HasToolCall
from chat.models.threads import text_part
from tests.uses import wrong_uses

pytestmark = pytest.mark.django_db
PICTURE = {"type": "image_file", "image_file": {"file_id": "file-p", "detail": "auto"}}


@pytest.fixture
def thread(ada: User) -> Thread:
    return Thread.objects.create(owner=ada)


@pytest.fixture
def message(thread: Thread) -> Message:
    return Message.objects.create(thread=thread, role="user", content=[PICTURE, text_part("See file-t")])


def note(kind: str, file_id: str) -> dict[str, Any]:
    return {"type": kind, "text": "x", kind: {"file_id": file_id}}


class TestAMessage:
    def test_names_its_pictures_what_it_cites_and_links_to_and_what_is_attached(self, thread: Thread) -> None:
        text = text_part("So", [note("file_citation", "file-c"), note("file_path", "file-l")])
        attachments = [{"file_id": "file-a"}, {"file_id": "file-p"}, {"tools": []}]
        message = Message(thread=thread, content=[PICTURE, text, PICTURE], attachments=attachments)
        assert named_by(message) == ["file-p", "file-c", "file-l", "file-a"]

    def test_names_nothing_by_its_words(self, message: Message) -> None:
        assert named_by(message) == ["file-p"]

    def test_takes_its_uses_along_when_it_is_deleted(self, message: Message) -> None:
        message.delete()
        assert not ResourceUse.objects.exists()


class TestAThread:
    def test_names_files_and_stores_and_forgets_those_of_before(self, thread: Thread) -> None:
        for ids in (["file-a", "file-b"], ["file-b", "file-c"]):
            thread.tool_resources = {
                "code_interpreter": {"file_ids": ids},
                "file_search": {"vector_store_ids": ["vs_1"]},
            }
            Thread.objects.filter(pk=thread.pk).update(tool_resources=thread.tool_resources)
            replace_uses(thread)
            assert set(thread.resource_uses.values_list("resource_id", flat=True)) == {*ids, "vs_1"}


class TestAUse:
    def test_is_kept_once(self, message: Message) -> None:
        add_uses(message, message)
        assert ResourceUse.objects.count() == 1

    @pytest.mark.parametrize("rows", [{}, {"message_id", "thread_id"}])
    def test_is_of_exactly_one_row(self, rows: set[str], message: Message) -> None:
        ids = {"message_id": message.id, "thread_id": message.thread_id}
        with pytest.raises(IntegrityError), transaction.atomic():
            ResourceUse.objects.create(resource_id="file-x", **{name: ids[name] for name in rows})

    def test_that_was_forgotten_is_found(self, message: Message) -> None:
        Message.objects.update(attachments=[{"file_id": "file-new"}])
        assert wrong_uses() == [f"Message {message.pk} names ['file-new', 'file-p'], and ['file-p'] are kept"]
        add_uses(Message.objects.get())
        assert wrong_uses() == []


class TestASearchForStepsByTheirCalls:
    @pytest.mark.parametrize(
        ("details", "has"),
        [
            ({"tool_calls": [{"type": "file_search"}, {"type": "code_interpreter"}]}, True),
            ({"tool_calls": [{"type": "function", "function": {"name": "code_interpreter"}}]}, False),
            ({"tool_calls": []}, False),
            ({"message_creation": {"message_id": "code_interpreter"}}, False),
        ],
    )
    def test_finds_those_with_a_call_of_that_type(self, details: dict[str, Any], has: bool, thread: Thread) -> None:
        run = Run.objects.create(thread=thread)
        RunStep.objects.create(run=run, type="tool_calls", details=details)
        assert RunStep.objects.filter(HasToolCall("details", type="code_interpreter")).exists() == has
