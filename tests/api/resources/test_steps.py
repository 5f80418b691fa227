"""Run steps over the API: reference, sections 3 and 5."""

from __future__ import annotations

import pytest
from django.utils import timezone

from chat.models import Assistant, Run, RunStep, Thread, User
from tests.api.calling import Api, absent, told

pytestmark = pytest.mark.django_db
CONTENT = "step_details.tool_calls[*].file_search.results[*].content"
FOUND = {"file_id": "file-x", "file_name": "a.txt", "score": 0.7, "attributes": {}}
TEXT = {"content": [{"type": "text", "text": "Foxes are orange."}]}
RANKING = {"ranker": "default_2024_08_21", "score_threshold": 0.0}


@pytest.fixture
def run(thread: Thread, assistant: Assistant) -> Run:
    return Run.objects.create(thread=thread, assistant=assistant, status="completed", expires_at=None)


@pytest.fixture
def path(run: Run) -> str:
    return f"/threads/{run.thread_id}/runs/{run.id}/steps"


@pytest.fixture
def search(run: Run) -> RunStep:
    """A step that searched in files, and called a function by the way."""
    calls = [
        {"id": "call_a", "type": "file_search", "file_search": {"ranking_options": RANKING, "results": [FOUND | TEXT]}},
        {"id": "call_b", "type": "function", "function": {"name": "f", "arguments": "{}", "output": "content"}},
    ]
    details = {"type": "tool_calls", "tool_calls": calls}
    return RunStep.objects.create(run=run, type="tool_calls", status="completed", details=details)


class TestAStep:
    def test_is_shown_whole(self, api: Api, path: str, run: Run) -> None:
        details = {"type": "message_creation", "message_creation": {"message_id": "msg_x"}}
        usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
        now = timezone.now()
        step = RunStep.objects.create(
            run=run, type="message_creation", status="completed", details=details, usage=usage, completed_at=now
        )
        assert api.found(f"{path}/{step.id}") == {
            "id": step.id,
            "object": "thread.run.step",
            "created_at": int(step.created_at.timestamp()),
            "run_id": run.id,
            "assistant_id": run.assistant_id,
            "thread_id": run.thread_id,
            "type": "message_creation",
            "status": "completed",
            "cancelled_at": None,
            "completed_at": int(now.timestamp()),
            "expires_at": None,
            "expired_at": None,
            "failed_at": None,
            "last_error": None,
            "step_details": details,
            "usage": usage,
            "metadata": None,
        }

    def test_shows_its_usage_when_it_has_ended(self, api: Api, path: str, run: Run) -> None:
        details = {"type": "tool_calls", "tool_calls": []}
        step = RunStep.objects.create(run=run, type="tool_calls", details=details, usage={"total_tokens": 3})
        assert api.found(f"{path}/{step.id}")["usage"] is None

    def test_is_listed_alike(self, api: Api, path: str, search: RunStep) -> None:
        assert api.found(path)["data"] == [api.found(f"{path}/{search.id}")]

    def test_of_another_run_is_absent(self, api: Api, path: str, thread: Thread, search: RunStep) -> None:
        """Section 12: a wrong parent has the same text as no step."""
        other = Run.objects.create(thread=thread, status="completed")
        gone = absent(f"No run step found with id '{search.id}'.")
        assert told(api.get(f"/threads/{thread.id}/runs/{other.id}/steps/{search.id}")) == gone

    def test_of_someone_else_is_absent(self, path: str, thread: Thread, search: RunStep, bob: User) -> None:
        gone = absent(f"No thread found with id '{thread.id}'.")
        assert told(Api(bob).get(path)) == told(Api(bob).get(f"{path}/{search.id}")) == gone


class TestWhatAFileSearchFound:
    def test_has_no_texts_unless_they_are_asked_for(self, api: Api, path: str, search: RunStep) -> None:
        for step in (api.found(f"{path}/{search.id}"), api.found(path)["data"][0]):
            searched, called = step["step_details"]["tool_calls"]
            assert searched["file_search"] == {"ranking_options": RANKING, "results": [FOUND]}
            assert called["function"]["output"] == "content"

    @pytest.mark.parametrize("name", ["include[]", "include"])
    def test_has_them_when_they_are(self, api: Api, path: str, search: RunStep, name: str) -> None:
        """Older SDKs send the name without brackets."""
        include = {name: [CONTENT]}
        for step in (api.found(f"{path}/{search.id}", **include), api.found(path, **include)["data"][0]):
            [result] = step["step_details"]["tool_calls"][0]["file_search"]["results"]
            assert result == FOUND | TEXT

    def test_may_be_nothing(self, api: Api, path: str, run: Run) -> None:
        call = {"id": "call_a", "type": "file_search", "file_search": {"ranking_options": RANKING, "results": []}}
        details = {"type": "tool_calls", "tool_calls": [call]}
        step = RunStep.objects.create(run=run, type="tool_calls", status="completed", details=details)
        assert api.found(f"{path}/{step.id}")["step_details"] == details
