"""Runs over the API: reference, sections 3 and 6."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Assistant, Message, Run, RunStatus, Thread, User
from chat.models.runs import ENDED, LIVE
from tests.actions.knowledge.stores import ids_of
from tests.api.calling import Api, Body, absent, refused, told

pytestmark = pytest.mark.django_db
WEATHER = {"type": "function", "function": {"name": "weather"}}
FULL_WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}, "strict": False},
}
OVERRIDES = {
    "model": "other",
    "instructions": "Sing.",
    "tools": [{"type": "code_interpreter"}],
    "metadata": {"a": "b"},
    "temperature": 0.2,
    "top_p": 0.5,
    "max_prompt_tokens": 300,
    "max_completion_tokens": 256,
    "truncation_strategy": {"type": "last_messages", "last_messages": 3},
    "tool_choice": "none",
    "parallel_tool_calls": False,
    "reasoning_effort": "high",
    "response_format": {"type": "text"},
}


@pytest.fixture
def path(thread: Thread) -> str:
    return f"/threads/{thread.id}/runs"


@pytest.fixture
def wanted(assistant: Assistant) -> Body:
    return {"assistant_id": assistant.id}


def said(text: str, **fields: Any) -> Body:
    return {"role": "user", "content": text} | fields


def in_status(api: Api, path: str, wanted: Body, status: str) -> Body:
    """A run of this status."""
    run = api.made(path, wanted)
    Run.objects.filter(id=run["id"]).update(status=status)
    return run


class TestTooManyRuns:
    def test_are_refused_as_too_many_requests_are(self, api: Api, path: str, wanted: Body, settings: Any) -> None:
        settings.EVERTHREAD_API_RUNS = 1
        api.made(path, wanted)
        reply = api.post("/threads/runs", {**wanted, "instructions": "Sing."})
        assert reply.status_code == 429
        assert reply.json()["error"] == {
            "message": "Rate limit reached for runs at once: limit 1, used 1."
            " Please try again when one of them has ended.",
            "type": "requests",
            "param": None,
            "code": "rate_limit_exceeded",
        }
        assert Thread.objects.count() == 1


class TestANewRun:
    def test_is_shown_whole(self, api: Api, path: str, thread: Thread, assistant: Assistant) -> None:
        shown = api.made(path, {"assistant_id": assistant.id})
        row = Run.objects.get()
        created = int(row.created_at.timestamp())
        assert shown == {
            "id": row.id,
            "object": "thread.run",
            "created_at": created,
            "assistant_id": assistant.id,
            "thread_id": thread.id,
            "status": "queued",
            "started_at": None,
            "expires_at": int(row.expires_at.timestamp()) if row.expires_at else None,
            "cancelled_at": None,
            "failed_at": None,
            "completed_at": None,
            "required_action": None,
            "last_error": None,
            "model": "default",
            "instructions": "Be brief.",
            "tools": [],
            "tool_resources": {"code_interpreter": {"file_ids": []}},
            "metadata": {},
            "temperature": 1.0,
            "top_p": 1.0,
            "reasoning_effort": None,
            "max_completion_tokens": None,
            "max_prompt_tokens": None,
            "truncation_strategy": {"type": "auto", "last_messages": None},
            "incomplete_details": None,
            "usage": None,
            "response_format": "auto",
            "tool_choice": "auto",
            "parallel_tool_calls": True,
        }
        assert shown["expires_at"] - created == 600
        assert api.found(f"{path}/{row.id}") == shown

    def test_takes_other_settings_than_its_assistants(self, api: Api, path: str, wanted: Body) -> None:
        """Section 6.1."""
        shown = api.made(path, wanted | OVERRIDES)
        assert {name: shown[name] for name in OVERRIDES} == OVERRIDES
        assert api.found(f"{path}/{shown['id']}") == shown

    def test_takes_null_for_its_assistants(self, api: Api, path: str, wanted: Body) -> None:
        given = dict.fromkeys([*OVERRIDES, "stream", "additional_instructions", "additional_messages"])
        shown = api.made(path, wanted | given)
        Run.objects.all().delete()
        plain = api.made(path, wanted)
        changing = {"id", "created_at", "expires_at"}
        assert {name: shown[name] for name in plain.keys() - changing} == {
            name: plain[name] for name in plain.keys() - changing
        }

    def test_has_the_settings_of_its_beginning_for_good(self, api: Api, path: str, wanted: Body) -> None:
        run = api.made(path, wanted)
        changes = {"instructions": "Be long.", "model": "m", "tools": [WEATHER], "temperature": 0.1}
        api.made(f"/assistants/{wanted['assistant_id']}", changes)
        assert api.found(f"{path}/{run['id']}") == run

    def test_may_use_the_resources_of_both_its_assistant_and_its_thread(
        self, api: Api, path: str, wanted: Body, thread: Thread, ada: User
    ) -> None:
        one, shared, other = ids_of(ada, 3)
        code = "code_interpreter"
        api.made(f"/assistants/{wanted['assistant_id']}", {"tool_resources": {code: {"file_ids": [one, shared]}}})
        api.made(f"/threads/{thread.id}", {"tool_resources": {code: {"file_ids": [shared, other]}}})
        assert api.made(path, wanted)["tool_resources"] == {code: {"file_ids": [one, shared, other]}}

    def test_may_have_resources_instead_of_its_assistants(self, api: Api, path: str, wanted: Body, ada: User) -> None:
        own, other = ids_of(ada, 2)
        changes = {"tool_resources": {"code_interpreter": {"file_ids": [own]}}}
        api.made(f"/assistants/{wanted['assistant_id']}", changes)
        resources = {"code_interpreter": {"file_ids": [other]}}
        run = api.made(path, wanted | {"tools": [{"type": "code_interpreter"}], "tool_resources": resources})
        assert run["tool_resources"] == resources

    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ({"additional_instructions": "Rhyme."}, "Be brief.\n\nRhyme."),
            ({"instructions": "Sing.", "additional_instructions": "Rhyme."}, "Sing.\n\nRhyme."),
            ({"instructions": "", "additional_instructions": "Rhyme."}, "Rhyme."),
            ({"additional_instructions": ""}, "Be brief."),
        ],
    )
    def test_adds_instructions_to_those_in_force(
        self, api: Api, path: str, wanted: Body, given: Body, shown: str
    ) -> None:
        assert api.made(path, wanted | given)["instructions"] == shown

    def test_needs_something_to_run_on(self, api: Api, path: str, wanted: Body) -> None:
        Assistant.objects.update(instructions="")
        message = "Run creation requires a Thread with a user message or an assistant with instructions."
        assert told(api.post(path, wanted)) == refused(message, code="invalid_thread")
        assert not Run.objects.exists()

    def test_may_be_of_a_shared_assistant(self, path: str, assistant: Assistant, bob: User) -> None:
        api = Api(bob)
        own = f"/threads/{api.made('/threads')['id']}/runs"
        assert api.made(own, {"assistant_id": assistant.id})["assistant_id"] == assistant.id
        assert api.post(path, {"assistant_id": assistant.id}).status_code == 404

    def test_may_be_forced_to_call_a_function_that_is_there(self, api: Api, path: str, wanted: Body) -> None:
        choice = {"type": "function", "function": {"name": "weather"}}
        shown = api.made(path, wanted | {"tools": [WEATHER], "tool_choice": choice})
        assert (shown["tools"], shown["tool_choice"]) == ([FULL_WEATHER], choice)

    def test_cannot_be_forced_to_call_another(self, api: Api, path: str, wanted: Body) -> None:
        choice = {"type": "function", "function": {"name": "news"}}
        reply = api.post(path, wanted | {"tools": [WEATHER], "tool_choice": choice})
        assert (reply.status_code, reply.json()["error"]["param"]) == (400, "tool_choice")


class TestAdditionalMessages:
    def test_come_before_the_run(self, api: Api, path: str, thread: Thread, wanted: Body, ada: User) -> None:
        [file_id] = ids_of(ada, 1)
        attachments = [{"file_id": file_id, "tools": [{"type": "code_interpreter"}]}]
        given = [said("One", attachments=attachments), {"role": "assistant", "content": "Two"}, said("Three")]
        run = api.made(path, wanted | {"additional_messages": given})
        shown = api.found(f"/threads/{thread.id}/messages", order="asc")["data"]
        assert [row["content"][0]["text"]["value"] for row in shown] == ["One", "Two", "Three"]
        assert shown[0]["attachments"] == attachments
        assert run["tool_resources"]["code_interpreter"]["file_ids"] == [file_id]

    def test_are_something_to_run_on(self, api: Api, path: str, wanted: Body) -> None:
        Assistant.objects.update(instructions="")
        assert api.post(path, wanted | {"additional_messages": [said("Hello?")]}).status_code == 200

    @pytest.mark.parametrize(
        "wrong",
        [
            {"additional_messages": [said("Fine."), said(" ")]},
            {"additional_messages": [said("Fine.")], "tool_choice": {"type": "function", "function": {"name": "f"}}},
            {"additional_messages": [{"role": "assistant", "content": "Fine."}], "instructions": ""},
        ],
    )
    def test_are_not_left_by_a_run_that_is_refused(self, api: Api, path: str, wanted: Body, wrong: Body) -> None:
        Assistant.objects.update(instructions="")
        assert api.post(path, wanted | wrong).status_code == 400
        assert not Message.objects.exists()
        assert not Run.objects.exists()

    @pytest.mark.parametrize("status", LIVE)
    def test_are_not_added_while_another_run_is_live(
        self, api: Api, path: str, thread: Thread, wanted: Body, status: RunStatus
    ) -> None:
        """Section 6.3."""
        run = in_status(api, path, wanted, status)
        reply = told(api.post(path, wanted | {"additional_messages": [said("Hello?")]}))
        assert reply == refused(f"Thread {thread.id} already has an active run {run['id']}.")
        assert not Message.objects.exists()


class TestAThreadWithALiveRun:
    @pytest.mark.parametrize("status", LIVE)
    def test_takes_no_other(self, api: Api, path: str, thread: Thread, wanted: Body, status: RunStatus) -> None:
        run = in_status(api, path, wanted, status)
        assert told(api.post(path, wanted)) == refused(f"Thread {thread.id} already has an active run {run['id']}.")

    @pytest.mark.parametrize("status", LIVE)
    def test_takes_none_as_a_stream_either(
        self, api: Api, path: str, thread: Thread, wanted: Body, status: RunStatus
    ) -> None:
        """An ordinary refusal, before any event."""
        run = in_status(api, path, wanted, status)
        reply = told(api.post(path, wanted | {"stream": True}))
        assert reply == refused(f"Thread {thread.id} already has an active run {run['id']}.")

    @pytest.mark.parametrize("status", ENDED)
    def test_takes_another_when_it_has_ended(self, api: Api, path: str, wanted: Body, status: RunStatus) -> None:
        first = in_status(api, path, wanted, status)
        assert api.made(path, wanted)["id"] != first["id"]

    @pytest.mark.parametrize("status", RunStatus)
    def test_tells_those_who_poll_when_to_look_again(
        self, api: Api, path: str, wanted: Body, status: RunStatus
    ) -> None:
        """Section 1.1."""
        run = in_status(api, path, wanted, status)
        reply = api.get(f"{path}/{run['id']}")
        assert reply.json()["status"] == status
        assert ("openai-poll-after-ms" in reply) == (status in LIVE)
        if status in LIVE:
            assert 100 <= int(reply["openai-poll-after-ms"]) <= 1000


class TestARun:
    @pytest.mark.parametrize("status", RunStatus)
    def test_can_be_marked_in_any_status(self, api: Api, path: str, wanted: Body, status: RunStatus) -> None:
        run = in_status(api, path, wanted | {"metadata": {"a": "1", "b": "2"}}, status)
        changed = api.made(f"{path}/{run['id']}", {"metadata": {"b": "3"}})
        assert (changed["metadata"], changed["status"]) == ({"b": "3"}, status)
        assert api.found(f"{path}/{run['id']}") == changed

    def test_keeps_its_metadata_when_none_is_sent_and_loses_it_to_null(self, api: Api, path: str, wanted: Body) -> None:
        run = api.made(path, wanted | {"metadata": {"a": "1"}})
        assert api.made(f"{path}/{run['id']}") == api.made(f"{path}/{run['id']}", {}) == run
        assert api.made(f"{path}/{run['id']}", {"metadata": None})["metadata"] == {}

    def test_of_another_thread_is_absent(self, api: Api, path: str, wanted: Body) -> None:
        id = api.made(path, wanted)["id"]
        other = f"/threads/{api.made('/threads')['id']}/runs/{id}"
        gone = absent(f"No run found with id '{id}'.")
        assert told(api.get(other)) == told(api.post(other, {"metadata": {}})) == gone
        assert told(api.post(f"{other}/cancel")) == gone
        assert told(api.post(f"{other}/submit_tool_outputs", {"tool_outputs": []})) == gone


class TestCancelling:
    @pytest.mark.parametrize("status", ["queued", "in_progress", "requires_action"])
    def test_is_asked_of_a_live_run(self, api: Api, path: str, wanted: Body, status: str) -> None:
        """Section 6.5."""
        run = in_status(api, path, wanted, status)
        shown = api.made(f"{path}/{run['id']}/cancel")
        assert (shown["status"], shown["cancelled_at"]) == ("cancelling", None)
        assert shown["expires_at"] == run["expires_at"]
        assert api.found(f"{path}/{run['id']}")["status"] == "cancelling"

    @pytest.mark.parametrize("status", [*ENDED, RunStatus.CANCELLING])
    def test_is_refused_for_another(self, api: Api, path: str, wanted: Body, status: RunStatus) -> None:
        run = in_status(api, path, wanted, status)
        reply = told(api.post(f"{path}/{run['id']}/cancel"))
        assert reply == refused(f"Cannot cancel run with status '{status}'.")

    def test_needs_no_body_though_it_may_be_called_json(self, api: Api, path: str, wanted: Body) -> None:
        run = api.made(path, wanted)
        reply = api.client.post(f"/v1{path}/{run['id']}/cancel", b"", content_type="application/json")
        assert reply.status_code == 200
