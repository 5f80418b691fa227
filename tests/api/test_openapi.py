"""What ``/v1/openapi.json`` says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from ninja import NinjaAPI
from openapi_schema_validator import OAS31Validator
from typing_extensions import TypedDict

from chat.api.openapi import TAGS, DocumentedSchema
from chat.api.urls import api

Described = dict[str, Any]
STREAMING = {"create_run", "create_thread_and_run", "submit_tool_outputs", "create_chat_completion"}


@pytest.fixture(scope="module")
def described() -> Described:
    """As a reader of the JSON has it."""
    answer: Described = json.loads(json.dumps(api.get_openapi_schema()))
    return answer


def operations(described: Described) -> Iterator[tuple[str, Described]]:
    """Each with its method and address."""
    for path, methods in described["paths"].items():
        yield from ((f"{method.upper()} {path}", operation) for method, operation in methods.items())


def answers_of(operation: Described, status: str = "200") -> Described:
    """The bodies that an operation may answer with, by their type."""
    content: Described = operation["responses"][status]["content"]
    return content


class TestTheDescription:
    def test_is_for_everyone_to_read(self) -> None:
        reply = Client().get("/v1/openapi.json")
        assert reply.status_code == 200
        assert "/v1/threads/{thread_id}/runs" in reply.json()["paths"]

    def test_asks_for_a_key_in_the_usual_header(self, described: Described) -> None:
        (scheme,) = described["components"]["securitySchemes"].items()
        name, how = scheme
        assert (how["type"], how["scheme"]) == ("http", "bearer")
        assert described["security"] == [{name: []}]

    def test_names_only_shapes_that_it_has(self, described: Described) -> None:
        named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)))
        assert named <= set(described["components"]["schemas"])

    def test_is_made_of_proper_shapes(self, described: Described) -> None:
        for shape in described["components"]["schemas"].values():
            OAS31Validator.check_schema(shape)

    def test_gives_each_operation_a_name_of_its_own_and_a_known_tag(self, described: Described) -> None:
        names = [operation["operationId"] for _place, operation in operations(described)]
        assert len(names) == len(set(names))
        assert {tag for _place, operation in operations(described) for tag in operation["tags"]} == set(TAGS)

    def test_says_of_each_operation_how_it_refuses(self, described: Described) -> None:
        for place, operation in operations(described):
            shape = answers_of(operation, "default")["application/json"]["schema"]
            assert shape == {"$ref": "#/components/schemas/ErrorBody"}, place

    def test_says_of_each_operation_what_it_answers(self, described: Described) -> None:
        answers = {operation["operationId"]: answers_of(operation) for _place, operation in operations(described)}
        assert [name for name, content in answers.items() if "application/json" not in content] == ["download_file"]
        assert {name for name, content in answers.items() if "text/event-stream" in content} == STREAMING
        one = answers["retrieve_run"]["application/json"]["schema"]["$ref"]
        several = answers["list_runs"]["application/json"]["schema"]["$ref"]
        assert one == "#/components/schemas/RunObject"
        assert described["components"]["schemas"][several.rpartition("/")[2]]["properties"]["data"]["items"] == {
            "$ref": one
        }


class Thing(TypedDict):
    id: str


class OtherThing(TypedDict):
    number: int


OtherThing.__name__ = OtherThing.__qualname__ = "Thing"


class TestTwoShapesOfOneName:
    def test_are_refused(self) -> None:
        small = NinjaAPI(urls_namespace="small")

        @small.get("/thing", tags=["Things"])
        def retrieve_thing(request: HttpRequest) -> Thing:
            return {"id": "a"}

        @small.get("/other", tags=["Things"])
        def retrieve_other(request: HttpRequest) -> OtherThing:
            return {"number": 1}

        with pytest.raises(ValueError, match="two shapes called 'Thing'"):
            DocumentedSchema(small, "")
