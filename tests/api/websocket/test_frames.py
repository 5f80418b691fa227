"""What the websocket takes is what the API takes, and what it refuses it refuses in the same words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.api.message_schemas import NewMessage
from chat.api.run_schemas import NewRun, ToolOutputs
from chat.api.schemas import Body as Schema
from chat.api.websocket.commands import execute
from chat.api.websocket.frames import SendMessage, StartRun, SubmitToolOutputs, parse_frame
from chat.api.websocket.replies import error_frame
from chat.errors import MalformedFrame, Refusal
from chat.models import Assistant, File, Run, Thread, User
from tests.api.calling import Api, Body
from tests.api.http.test_wrong_values import MESSAGES, RUNS, SETTINGS

pytestmark = pytest.mark.django_db
WEATHER = {"type": "function", "function": {"name": "weather"}}
SEARCH = {"type": "file_search", "file_search": {"max_num_results": 3}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
# What differs between any two runs, or is the thread's.
OWN = ("id", "thread_id", "created_at", "expires_at")

RUN_FIELDS: list[Body] = [
    {"model": "gpt-4o"},
    {"instructions": "Be long."},
    {"additional_instructions": "Rhyme."},
    {"additional_messages": [{"role": "assistant", "content": "I said."}]},
    {"tools": [{"type": "code_interpreter"}, SEARCH, WEATHER]},
    {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "weather"}}},
    {"tools": [SEARCH], "tool_choice": {"type": "file_search"}},
    {"tool_choice": "none"},
    {"parallel_tool_calls": False},
    {"metadata": {"a": "b"}},
    {"temperature": 1, "top_p": 0.5},
    {"reasoning_effort": "low"},
    {"max_prompt_tokens": 500, "max_completion_tokens": 300},
    {"truncation_strategy": {"type": "auto", "last_messages": None}},
    {"truncation_strategy": {"type": "last_messages", "last_messages": 3}},
    {"response_format": SCHEMA},
    {"response_format": {"type": "json_object"}},
    {"stream": False},
    {"tool_resources": {"code_interpreter": {"file_ids": []}}},
    {"model": None, "tools": None, "metadata": None, "response_format": None},
]
MESSAGE_FIELDS: list[Body] = [
    {"role": "assistant"},
    {
        "content": [
            {"type": "text", "text": "Look:"},
            {"type": "image_url", "image_url": {"url": "https://a.example/b"}},
        ]
    },
    {"attachments": [{"file_id": "FILE", "tools": [{"type": "file_search"}, {"type": "code_interpreter"}]}]},
    {"attachments": None, "metadata": None},
    {"metadata": {"a": "b"}},
]


class Socket:
    """What becomes of the frames that ada sends on ``thread``."""

    def __init__(self, thread: Thread) -> None:
        self.thread = thread

    def accepted(self, **frame: Any) -> Body:
        return execute(self.thread.owner, self.thread.id, parse_frame(json.dumps(frame)))

    def error(self, **frame: Any) -> Body:
        with pytest.raises(Refusal) as refused:
            self.accepted(**frame)
        return json.loads(error_frame(refused.value, request_id=None))["error"]


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return Thread.objects.create(owner=ada, assistant=assistant)


@pytest.fixture
def socket(thread: Thread) -> Socket:
    return Socket(thread)


@pytest.fixture
def file(ada: User) -> File:
    return File.objects.create(owner=ada, filename="a.txt", content_type="text/plain", bytes=1)


def without(shown: Body, *names: str) -> Body:
    return {name: value for name, value in shown.items() if name not in names}


class TestTheFramesHaveEveryField:
    @pytest.mark.parametrize(
        ("frame", "body"), [(StartRun, NewRun), (SendMessage, NewMessage), (SubmitToolOutputs, ToolOutputs)]
    )
    def test_of_the_request(self, frame: type[Schema], body: type[Schema]) -> None:
        """So that the lists of right values below leave none out."""
        assert frame.model_fields.keys() >= body.model_fields.keys()

    def test_that_is_tried_here(self) -> None:
        tried = {name for fields in RUN_FIELDS + MESSAGE_FIELDS for name in fields}
        assert tried | {"assistant_id"} == NewRun.model_fields.keys() | NewMessage.model_fields.keys()


class TestARun:
    @pytest.mark.parametrize("fields", RUN_FIELDS, ids=str)
    def test_is_the_one_of_the_api(
        self, api: Api, socket: Socket, assistant: Assistant, thread: Thread, fields: Body
    ) -> None:
        mine = socket.accepted(type="start_run", **fields)["run"]
        Run.objects.all().delete()
        body = {"assistant_id": assistant.id} | without(fields, "stream")
        theirs = api.made(f"/threads/{thread.id}/runs", body)
        assert without(json.loads(json.dumps(mine)), *OWN) == without(theirs, *OWN)

    @pytest.mark.parametrize("fields", RUN_FIELDS, ids=str)
    def test_is_the_same_when_it_answers_a_message(self, socket: Socket, fields: Body) -> None:
        first = socket.accepted(type="start_run", **fields)["run"]
        Run.objects.all().delete()
        second = socket.accepted(type="send_message", content="Hello?", run=fields)["run"]
        assert without(second, *OWN) == without(first, *OWN)

    @pytest.mark.parametrize("wrong", [wrong for wrong, _said in SETTINGS + RUNS])
    def test_is_refused_in_the_words_of_the_api(
        self, api: Api, socket: Socket, assistant: Assistant, thread: Thread, wrong: Body
    ) -> None:
        refused = api.post(f"/threads/{thread.id}/runs", {"assistant_id": assistant.id} | wrong)
        assert socket.error(type="start_run", **wrong) == refused.json()["error"]

    @pytest.mark.parametrize("id", ["x", "asst_absent", "x" * 65])
    def test_of_no_assistant_is_refused_in_the_words_of_the_api(
        self, api: Api, socket: Socket, thread: Thread, id: str
    ) -> None:
        refused = api.post(f"/threads/{thread.id}/runs", {"assistant_id": id})
        assert socket.error(type="start_run", assistant_id=id) == refused.json()["error"]

    def test_that_answers_a_message_is_refused_with_the_whole_path(self, socket: Socket) -> None:
        error = socket.error(type="send_message", content="Hello?", run={"tools": [{"type": "web_search"}]})
        assert error["param"] == "run.tools[0].type"


class TestAMessage:
    @pytest.mark.parametrize("fields", MESSAGE_FIELDS, ids=str)
    def test_is_the_one_of_the_api(self, api: Api, socket: Socket, thread: Thread, file: File, fields: Body) -> None:
        fields = json.loads(json.dumps(fields).replace("FILE", file.id))
        mine = socket.accepted(type="send_message", run=False, **{"content": "a", **fields})["message"]
        theirs = api.made(f"/threads/{thread.id}/messages", {"role": "user", "content": "a"} | fields)
        assert without(mine, *OWN) == without(theirs, *OWN)

    @pytest.mark.parametrize("wrong", [wrong for wrong, _said in MESSAGES])
    def test_is_refused_in_the_words_of_the_api(self, api: Api, socket: Socket, thread: Thread, wrong: Body) -> None:
        refused = api.post(f"/threads/{thread.id}/messages", {"role": "user", "content": "a"} | wrong)
        assert socket.error(type="send_message", **{"content": "a", **wrong}) == refused.json()["error"]


class TestToolOutputs:
    """The run waits for nothing, so that those which fit are refused by its status."""

    @pytest.mark.parametrize(
        "fields",
        [
            {"tool_outputs": [{"tool_call_id": "call_1", "output": "rain"}]},
            {"tool_outputs": [{"tool_call_id": None, "output": None}], "stream": True},
            {"tool_outputs": [{}]},
            {"tool_outputs": []},
            {},
            {"tool_outputs": {}},
            {"tool_outputs": ["rain"]},
            {"tool_outputs": [{"output": 5}]},
            {"tool_outputs": [{"tool_call_id": "x" * 257}]},
            {"tool_outputs": [{"result": "rain"}]},
        ],
        ids=str,
    )
    def test_are_refused_in_the_words_of_the_api(self, api: Api, socket: Socket, thread: Thread, fields: Body) -> None:
        run = socket.accepted(type="send_message", content="a")["run"]
        refused = api.post(f"/threads/{thread.id}/runs/{run['id']}/submit_tool_outputs", fields)
        error = socket.error(type="submit_tool_outputs", run_id=run["id"], **fields)
        assert error == refused.json()["error"]

    @pytest.mark.parametrize("id", ["../etc", "run_absent"])
    def test_of_no_run_are_refused_in_the_words_of_the_api(
        self, api: Api, socket: Socket, thread: Thread, id: str
    ) -> None:
        refused = api.post(f"/threads/{thread.id}/runs/{id.replace('../', '..')}/cancel")
        error = socket.error(type="cancel_run", run_id=id.replace("../", ".."))
        assert error == refused.json()["error"]


class TestAFrame:
    @pytest.mark.parametrize(
        ("frame", "message", "param"),
        [
            ({}, "Missing required parameter: 'type'.", "type"),
            (
                {"type": "shout"},
                "Invalid value: 'shout'. Supported values are: 'send_message', 'start_run', 'cancel_run',"
                " 'submit_tool_outputs', and 'resume'.",
                "type",
            ),
            ({"type": "start_run", "run": True}, "Unknown parameter: 'run'.", "run"),
            ({"type": "resume", "run_id": "run_a"}, "Missing required parameter: 'seq'.", "seq"),
            ({"type": "start_run", "tool_choice": "\ud800"}, None, "tool_choice"),
        ],
        ids=ascii,
    )
    def test_is_refused(self, socket: Socket, frame: Body, message: str | None, param: str) -> None:
        error = socket.error(**frame)
        assert error["param"] == param
        assert message is None or error["message"] == message

    @pytest.mark.parametrize(("id", "repeated"), [("one", "one"), (5, None), ("x" * 201, None)])
    def test_that_is_refused_has_its_id_repeated(self, id: Any, repeated: str | None) -> None:
        with pytest.raises(MalformedFrame) as refused:
            parse_frame(json.dumps({"type": "start_run", "request_id": id, "model": 5}))
        assert refused.value.request_id == repeated

    def test_has_no_nul(self, socket: Socket) -> None:
        """PostgreSQL keeps none."""
        run = socket.accepted(type="start_run", metadata={"a\0": "b\0"})["run"]
        assert run["metadata"] == {"a": "b"}
