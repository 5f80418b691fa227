"""What the page of a thread shows of its rows."""

from __future__ import annotations

import pytest

from chat.actions.conversation import threads
from chat.models import Message, Run
from chat.models.threads import text_part
from chat.web.timeline import history

pytestmark = pytest.mark.django_db


class TestTheNameOfAnAnswer:
    @pytest.fixture
    def thread(self, ada, assistant):
        thread = threads.create(ada, assistant=assistant)
        run = Run.objects.create(
            thread=thread, assistant=assistant, assistant_name="Helper", model="scripted", status="completed"
        )
        Message.objects.create(
            thread=thread, run=run, assistant=assistant, role="assistant", content=[text_part("Hello")]
        )
        return thread

    def test_is_its_assistants_as_that_is_called_now(self, thread, assistant) -> None:
        assistant.name = "Aide"
        assistant.save()
        assert [item.name for item in history.latest(thread).items] == ["Aide"]

    def test_stays_when_the_assistant_is_deleted(self, thread, assistant) -> None:
        assistant.delete()
        assert [item.name for item in history.latest(thread).items] == ["Helper"]
