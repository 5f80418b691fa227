"""What is kept of an answer while it is being written."""

from __future__ import annotations

import pytest

from chat.engine.recording.row_writer import PartialMessage, write_partials
from chat.models import Assistant, Message, ResourceUse, Run, Thread, User

pytestmark = pytest.mark.django_db
PICTURE = {"type": "image_file", "image_file": {"file_id": "file-p"}}


@pytest.fixture
def message(ada: User, assistant: Assistant) -> Message:
    thread = Thread.objects.create(owner=ada)
    run = Run.objects.create(thread=thread, assistant=assistant)
    return Message.objects.create(thread=thread, run=run, role="assistant", status="in_progress")


def partial(message: Message) -> PartialMessage:
    assert message.run is not None
    return PartialMessage(message=message, run=message.run, content=[PICTURE], seq=1, worker="")


class TestAPartialAnswer:
    def test_uses_the_files_that_it_names_so_far(self, message: Message) -> None:
        for _time in range(2):
            write_partials([partial(message)])
        assert ResourceUse.objects.get().message == message

    def test_that_ended_or_is_gone_uses_no_more(self, message: Message, ada: User) -> None:
        Message.objects.update(status="completed")
        write_partials([partial(message)])
        Message.objects.all().delete()
        write_partials([partial(message)])
        assert not ResourceUse.objects.exists()

    def test_that_names_nothing_costs_no_query_more(self, message: Message, django_assert_num_queries) -> None:
        plain = PartialMessage(message=message, run=message.run, content=[], seq=1, worker="")  # type: ignore[arg-type]
        with django_assert_num_queries(2):
            write_partials([plain])
