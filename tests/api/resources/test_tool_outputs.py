"""What functions answered, handed in by the program: reference, section 6.4."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Assistant, Run, RunStatus, RunStep, StepType, Thread
from tests.api.calling import Api, Body, absent, refused, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(thread: Thread, assistant: Assistant) -> Run:
    """As the recorder leaves a run that waits for the outputs of two calls."""
    calls: list[Any] = [
        {"id": id, "type": "function", "function": {"name": "weather", "arguments": "{}"}}
        for id in ("call_a", "call_b")
    ]
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}
    run = Run.objects.create(thread=thread, assistant=assistant, status="requires_action", required_action=action)
    shown = [call | {"function": call["function"] | {"output": None}} for call in calls]
    details = {"type": "tool_calls", "tool_calls": shown}
    RunStep.objects.create(run=run, type=StepType.TOOL_CALLS, details=details)
    return run


@pytest.fixture
def path(run: Run) -> str:
    return f"/threads/{run.thread_id}/runs/{run.id}"


def outputs(**values: Any) -> Body:
    return {"tool_outputs": [{"tool_call_id": id, "output": value} for id, value in values.items()]}


def submitted(api: Api, path: str, body: Body) -> tuple[int, Body]:
    return told(api.post(f"{path}/submit_tool_outputs", body))


def kept(api: Api, path: str) -> list[Any]:
    [step] = api.found(f"{path}/steps")["data"]
    return [call["function"]["output"] for call in step["step_details"]["tool_calls"]]


class TestARunThatWaits:
    def test_shows_what_it_waits_for(self, api: Api, path: str, run: Run) -> None:
        shown = api.found(path)
        assert shown["required_action"] == run.required_action
        assert kept(api, path) == [None, None]

    def test_goes_on_with_all_outputs(self, api: Api, path: str) -> None:
        status, shown = submitted(api, path, outputs(call_a="rain", call_b="sun"))
        assert (status, shown["status"], shown["required_action"]) == (200, "queued", None)
        assert kept(api, path) == ["rain", "sun"]
        assert [step["status"] for step in api.found(f"{path}/steps")["data"]] == ["completed"]

    def test_takes_them_in_any_order(self, api: Api, path: str) -> None:
        assert submitted(api, path, outputs(call_b="sun", call_a="rain"))[0] == 200
        assert kept(api, path) == ["rain", "sun"]

    @pytest.mark.parametrize(
        "empty",
        [
            {"tool_call_id": "call_b"},
            {"tool_call_id": "call_b", "output": None},
            {"tool_call_id": "call_b", "output": ""},
        ],
    )
    def test_takes_nothing_for_an_empty_output(self, api: Api, path: str, empty: Body) -> None:
        body = outputs(call_a="rain")
        body["tool_outputs"].append(empty)
        assert submitted(api, path, body)[0] == 200
        assert kept(api, path) == ["rain", ""]

    def test_takes_long_outputs_as_they_are(self, api: Api, path: str) -> None:
        long = '{"täglich": "' + "x" * 500_000 + '"}\r\n'
        assert submitted(api, path, outputs(call_a=long, call_b="null"))[0] == 200
        assert kept(api, path) == [long, "null"]

    @pytest.mark.parametrize(
        ("ids", "got"),
        [
            (["call_a"], "['call_a']"),
            ([], "[]"),
            (["call_a", "call_c"], "['call_a', 'call_c']"),
            (["call_a", "call_b", "call_c"], "['call_a', 'call_b', 'call_c']"),
            (["call_a", "call_a"], "['call_a', 'call_a']"),
            (["call_a", "call_b", "call_b"], "['call_a', 'call_b', 'call_b']"),
        ],
    )
    @pytest.mark.parametrize("stream", [False, True])
    def test_wants_exactly_those(self, api: Api, path: str, ids: list[str], got: str, stream: bool) -> None:
        body = {"tool_outputs": [{"tool_call_id": id, "output": "x"} for id in ids], "stream": stream}
        message = f"Expected tool outputs for call_ids ['call_a', 'call_b'], got {got}"
        assert submitted(api, path, body) == refused(message)
        assert api.found(path)["status"] == "requires_action"
        assert kept(api, path) == [None, None]

    @pytest.mark.parametrize(("output", "what"), [(5, "an integer"), ({}, "an object"), (True, "a boolean")])
    def test_wants_texts(self, api: Api, path: str, output: Any, what: str) -> None:
        param = "tool_outputs[0].output"
        message = f"Invalid type for '{param}': expected a string, but got {what} instead."
        assert submitted(api, path, outputs(call_a=output)) == refused(message, param=param, code="invalid_type")

    def test_wants_a_list(self, api: Api, path: str) -> None:
        message = "Invalid type for 'tool_outputs': expected an array of objects, but got null instead."
        assert submitted(api, path, {"tool_outputs": None}) == refused(
            message, param="tool_outputs", code="invalid_type"
        )

    def test_takes_them_once(self, api: Api, path: str) -> None:
        submitted(api, path, outputs(call_a="rain", call_b="sun"))
        again = submitted(api, path, outputs(call_a="rain", call_b="sun"))
        assert again == refused('Runs in status "queued" do not accept tool outputs.')


class TestARunThatDoesNotWait:
    @pytest.mark.parametrize("status", [status for status in RunStatus if status != "requires_action"])
    @pytest.mark.parametrize("stream", [False, True])
    def test_takes_no_outputs(self, api: Api, path: str, status: RunStatus, stream: bool) -> None:
        Run.objects.update(status=status)
        reply = submitted(api, path, outputs(call_a="rain", call_b="sun") | {"stream": stream})
        assert reply == refused(f'Runs in status "{status}" do not accept tool outputs.')

    def test_may_not_be_there(self, api: Api, path: str) -> None:
        wrong = path.replace("/runs/run_", "/runs/run_0")
        id = wrong.rsplit("/", 1)[1]
        assert submitted(api, wrong, outputs(call_a="rain")) == absent(f"No run found with id '{id}'.")
