"""What people attach is given to the tools that can do something with it."""

from __future__ import annotations

import pytest

from chat.actions.conversation import attachments, sending
from chat.errors import InvalidRequest
from chat.models import Assistant, File, Thread, User

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
        assert attachments.given([file], assistant=coder) == [{"file_id": file.id, "tools": tools}]

    @pytest.mark.parametrize("name", ["plan.pdf", "table.csv"])
    def test_is_searched_where_no_code_runs(self, ada: User, assistant: Assistant, name: str) -> None:
        file = a_file(ada, name)
        assert attachments.given([file], assistant=assistant) == [{"file_id": file.id, "tools": [SEARCH]}]

    def test_for_code_alone_is_refused_where_none_runs(self, ada: User, assistant: Assistant) -> None:
        with pytest.raises(InvalidRequest, match=r"“all\.zip” can be read by assistants that run code only"):
            attachments.given([a_file(ada, "all.zip")], assistant=assistant)

    def test_that_is_a_picture_is_there_for_code_too(self, ada: User, coder: Assistant) -> None:
        file = a_file(ada, "photo.png", "image/png")
        assert attachments.given([file], assistant=coder) == [{"file_id": file.id, "tools": [CODE]}]

    def test_that_is_a_picture_is_only_seen_where_no_code_runs(self, ada: User, assistant: Assistant) -> None:
        assert attachments.given([a_file(ada, "photo.png", "image/png")], assistant=assistant) == []

    def test_lies_in_the_folder_of_the_thread(self, ada: User, coder: Assistant) -> None:
        thread = Thread.objects.create(owner=ada, assistant=coder)
        file = a_file(ada, "table.csv")
        posted = sending.send(thread, text="Sum it up", files=[file], client_key="a")
        assert posted.run is not None
        assert posted.run.tool_resources["code_interpreter"] == {"file_ids": [file.id]}


class TestWhatIsOffered:
    def test_is_data_too_if_one_of_the_assistants_runs_code(self, assistant: Assistant) -> None:
        assert ".zip" not in attachments.accepted([assistant])
        assert ".pdf" in attachments.accepted([assistant])
        assert ".zip" in attachments.accepted([assistant, Assistant(tools=[CODE])])
