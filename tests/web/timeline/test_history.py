"""What the page of a thread shows of its rows."""

from __future__ import annotations

import pytest

from chat.actions.conversation import threads
from chat.models import Message, Run, RunStep
from chat.models.threads import text_part
from chat.web.live.fragments import render_items
from chat.web.timeline import history
from chat.web.timeline.items import FunctionCall

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


class TestARunThatWaitedForAFunction:
    CALL = {"name": "get_weather", "arguments": '{"city": "Oslo"}', "output": None}

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("expired", "no program answered this function in time"),
            ("cancelled", "Stopped while it waited for the result of a function"),
            ("failed", "The server stopped."),
        ],
    )
    def test_keeps_naming_it_with_its_arguments(self, ada, assistant, status, words) -> None:
        thread = threads.create(ada, assistant=assistant)
        error = {"code": "server_error", "message": "The server stopped."} if status == "failed" else None
        run = Run.objects.create(thread=thread, assistant=assistant, model="scripted", status=status, last_error=error)
        answered = {**self.CALL, "name": "get_time", "output": "noon"}
        for step_status, function in (("completed", answered), (status, self.CALL)):
            calls = [{"id": "call_1", "type": "function", "function": function}]
            RunStep.objects.create(
                run=run, type="tool_calls", status=step_status, details={"type": "tool_calls", "tool_calls": calls}
            )
        (ending,) = history.latest(thread).items
        assert ending.unanswered == (FunctionCall("get_weather", '{"city": "Oslo"}'),)
        html = render_items([ending])
        for part in (words, "get_weather", "{&quot;city&quot;: &quot;Oslo&quot;}"):
            assert part in html
