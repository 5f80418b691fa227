"""What schemathesis makes of our own ``/v1/openapi.json``: nothing that it sends may break the server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chat.api.urls import api
from tests.live import LiveServer

SCHEMA = schemathesis.openapi.from_dict(api.get_openapi_schema(path_prefix=""))
OPERATIONS = {found.ok().definition.raw["operationId"]: found.ok() for found in SCHEMA.get_all_operations()}
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance, status_code_conformance]
OLD_CHECKS = [not_a_server_error]  # the documentation is that of v2
BETAS = ["assistants=v2", "assistants=v2", "", "assistants=v1"]
EXAMPLES = 8  # of each operation
PATIENCE = 30  # seconds for one request
WEATHER = {"type": "function", "function": {"name": "get_weather"}}
ASSISTANT = {"model": "scripted", "instructions": "Be brief.", "tools": [WEATHER]}

# Object → the parameter under which other operations name it.
PARAMETERS = {
    "assistant": "assistant_id",
    "thread": "thread_id",
    "thread.message": "message_id",
    "thread.run": "run_id",
    "file": "file_id",
    "upload": "upload_id",
    "vector_store": "vector_store_id",
    "vector_store.file_batch": "batch_id",
    "vector_store.files_batch": "batch_id",
}
JOURNEYS, STEPS = 4, 15  # of each seed; requests of one journey
PARENTS = ("thread_id", "vector_store_id")  # which a child tells of

# Deletes come as often as all creations together, for what is gone is where a server breaks.
JOURNEY = [*OPERATIONS, *[name for name in OPERATIONS if name.startswith("delete_") and name != "delete_model"] * 3]

World = list[dict[str, Any]]


class Program:
    """Sends requests with a key."""

    def __init__(self, server: LiveServer) -> None:
        self.base_url = f"{server.url}/v1"
        self.key = {"Authorization": f"Bearer {server.key}"}

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        response = requests.request(
            method, self.base_url + path, json=body, headers=self.key, timeout=PATIENCE, **options
        )
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def world(self) -> World:
        """Ids by parameter, of things that are there: around a run that has ended, and around one that waits."""
        file = self.ask("post", "/files", data={"purpose": "assistants"}, files={"file": ("a.txt", b"Hello")})
        upload = {"filename": "b.txt", "bytes": 5, "purpose": "assistants", "mime_type": "text/plain"}
        shared = {
            "assistant_id": self.ask("post", "/assistants", ASSISTANT)["id"],
            "file_id": file["id"],
            "file_ids": [file["id"]],
            "upload_id": self.ask("post", "/uploads", upload)["id"],
            "vector_store_id": self.ask("post", "/vector_stores")["id"],
            "model": "scripted",
        }
        batches = f"/vector_stores/{shared['vector_store_id']}/file_batches"
        shared["batch_id"] = self.ask("post", batches, {"file_ids": shared["file_ids"]})["id"]
        return [shared | self.thread(shared["assistant_id"], text=text) for text in ("Hello", "/calls\nget_weather {}")]

    def thread(self, assistant_id: str, *, text: str) -> dict[str, Any]:
        """A thread with a message, on which a run has done what it does by itself."""
        thread = self.ask("post", "/threads", {"messages": [{"role": "user", "content": text}]})
        path = f"/threads/{thread['id']}"
        run = self.ask("post", f"{path}/runs", {"assistant_id": assistant_id})
        while run["status"] in ("queued", "in_progress"):
            time.sleep(0.02)
            run = self.ask("get", f"{path}/runs/{run['id']}")
        waited_for = (run["required_action"] or {}).get("submit_tool_outputs", {"tool_calls": []})["tool_calls"]
        return {
            "thread_id": thread["id"],
            "run_id": run["id"],
            "message_id": self.ask("get", f"{path}/messages")["first_id"],
            "step_id": self.ask("get", f"{path}/runs/{run['id']}/steps")["first_id"],
            "tool_outputs": [{"tool_call_id": call["id"], "output": "3C"} for call in waited_for],
        }


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with LiveServer(tmp_path_factory.mktemp("schema")) as server:
        yield Program(server)


@st.composite
def cases(draw: st.DrawFn, operation: Any, world: World) -> Any:
    """A request, right or wrong in some way; often about things that are there."""
    mode = draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
    case = draw(operation.as_strategy(generation_mode=mode))
    there = draw(st.sampled_from(world))
    if draw(st.sampled_from([True, True, True, False])):
        case.path_parameters = filled(case.path_parameters, there)
    if draw(st.sampled_from([True, True, False])):
        case.body = filled(case.body, there)
    return case


def filled(value: Any, there: dict[str, Any]) -> Any:
    """``value`` with the ids of things that are ``there``."""
    if isinstance(value, dict):
        return {name: there[name] if name in there else filled(inner, there) for name, inner in value.items()}
    return [filled(inner, there) for inner in value] if isinstance(value, list) else value


def note(body: Any, there: dict[str, Any]) -> None:
    """Have later requests of the journey be about what an answer is about."""
    if isinstance(body, dict) and (parameter := PARAMETERS.get(body.get("object", ""))):
        there |= {name: body[name] for name in PARENTS if body.get(name)}
        there[parameter] = body["id"]
        if parameter == "file_id":
            there["file_ids"] = [body["id"]]


class TestTheServer:
    @pytest.mark.parametrize("name", OPERATIONS)
    def test_never_breaks_and_answers_as_documented(self, name: str, program: Program) -> None:
        world = program.world()

        @seed(7)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases(OPERATIONS[name], world), beta=st.sampled_from(BETAS))
        def check(case: Any, beta: str) -> None:
            response = case.call(
                base_url=program.base_url, headers=program.key | {"OpenAI-Beta": beta}, timeout=PATIENCE
            )
            case.validate_response(response, checks=OLD_CHECKS if beta == "assistants=v1" else CHECKS)

        check()

    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_never_breaks_on_a_journey(self, number: int, program: Program) -> None:
        """What one request creates the next ones use and delete, and go on using then."""

        @seed(number)
        @settings(
            max_examples=JOURNEYS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(data=st.data())
        def check(data: st.DataObject) -> None:
            there = program.world()[0]
            for _step in range(STEPS):
                operation = OPERATIONS[data.draw(st.sampled_from(JOURNEY))]
                case = data.draw(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
                case.path_parameters, case.body = filled(case.path_parameters, there), filled(case.body, there)
                headers = program.key | {"OpenAI-Beta": "assistants=v2"}
                response = case.call(base_url=program.base_url, headers=headers, timeout=PATIENCE)
                case.validate_response(response, checks=CHECKS)
                if "json" in response.headers.get("Content-Type", ""):
                    note(response.json(), there)

        check()
