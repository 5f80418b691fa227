"""What is wrong with a request, in the exact words: reference, sections 1.5, 4 and 12."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Assistant, Message, Run, Thread
from tests.api.calling import Api, Body, absent, refused, told

pytestmark = pytest.mark.django_db

NEW = {
    "/assistants": {"model": "m"},
    "/threads": {},
    "/threads/runs": {"assistant_id": "asst_1"},
    "{thread}/messages": {"role": "user", "content": "Hello?"},
    "{thread}/runs": {"assistant_id": "asst_1"},
    "{run}/submit_tool_outputs": {"tool_outputs": []},
}
CHANGES = ["/assistants/{assistant}", "{thread}", "{message}", "{run}"]
EVERY_POST = [*NEW, *CHANGES]
LISTS = ["/assistants", "/threads", "{thread}/messages", "{thread}/runs", "/files", "/vector_stores"]


@pytest.fixture
def places(assistant: Assistant, thread: Thread) -> dict[str, str]:
    """What stands for the names in the addresses above."""
    message = Message.objects.create(thread=thread, role="user", content=[])
    run = Run.objects.create(thread=thread, assistant=assistant)
    path = f"/threads/{thread.id}"
    found = {"thread": path, "message": f"{path}/messages/{message.id}", "run": f"{path}/runs/{run.id}"}
    return found | {"assistant": assistant.id}


def metadata(count: int) -> Body:
    return {"metadata": {f"key {place}": "" for place in range(count)}}


def unknown(param: str) -> tuple[str, str, str]:
    return f"Unknown parameter: '{param}'.", param, "unknown_parameter"


def missing(param: str) -> tuple[str, str, str]:
    return f"Missing required parameter: '{param}'.", param, "missing_required_parameter"


def mistyped(param: str, expected: str, got: str) -> tuple[str, str, str]:
    return f"Invalid type for '{param}': expected {expected}, but got {got} instead.", param, "invalid_type"


def unsupported(param: str, value: str, known: str) -> tuple[str, str, str]:
    return f"Invalid value: '{value}'. Supported values are: {known}.", param, "invalid_value"


def too_long(param: str, most: int, length: int, what: str = "a string") -> tuple[str, str, str]:
    kind = what.rsplit(maxsplit=1)[-1]
    expected = f"Expected {what} with maximum length {most}, but got {what} with length {length} instead."
    return f"Invalid '{param}': {kind} too long. {expected}", param, f"{kind}_above_max_length"


def out_of_range(param: str, bound: str, got: Any, kind: str = "integer") -> tuple[str, str, str]:
    way = "above maximum" if "<" in bound else "below minimum"
    code = f"{kind}_{'above_max' if '<' in bound else 'below_min'}_value"
    return f"Invalid '{param}': {kind} {way} value. Expected a value {bound}, but got {got} instead.", param, code


class TestEveryRequestWithABody:
    @pytest.mark.parametrize("path", EVERY_POST)
    def test_knows_its_parameters(self, api: Api, places: dict[str, str], path: str) -> None:
        body = NEW.get(path, {}) | {"file_ids": []}
        message, param, code = unknown("file_ids")
        assert told(api.post(path.format(**places), body)) == refused(message, param=param, code=code)

    @pytest.mark.parametrize("path", [path for path in EVERY_POST if "submit" not in path])
    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"metadata": {"modified": True}}, mistyped("metadata.modified", "a string", "a boolean")),
            ({"metadata": {"n": None}}, mistyped("metadata.n", "a string", "null")),
            ({"metadata": []}, mistyped("metadata", "an object", "an array")),
            ({"metadata": "a"}, mistyped("metadata", "an object", "a string")),
            ({"metadata": {"a": "x" * 513}}, too_long("metadata.a", 512, 513)),
            ({"metadata": {"k" * 65: ""}}, too_long(f"metadata.{'k' * 65}", 64, 65)),
            (
                metadata(17),
                (
                    "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an"
                    " object with 17 properties instead.",
                    "metadata",
                    "object_above_max_properties",
                ),
            ),
        ],
    )
    def test_checks_its_metadata(
        self, api: Api, places: dict[str, str], path: str, given: Body, said: tuple[str, str, str]
    ) -> None:
        message, param, code = said
        body = NEW.get(path, {}) | given
        assert told(api.post(path.format(**places), body)) == refused(message, param=param, code=code)

    @pytest.mark.parametrize("path", ["/assistants", "/threads", *CHANGES])
    def test_takes_as_much_metadata_as_fits(self, api: Api, places: dict[str, str], path: str) -> None:
        body = NEW.get(path, {}) | {"metadata": {f"{place:064}": "x" * 512 for place in range(16)}}
        assert api.made(path.format(**places), body)["metadata"] == body["metadata"]

    @pytest.mark.parametrize(
        ("path", "param"),
        [
            ("/assistants", "model"),
            ("/threads/runs", "assistant_id"),
            ("{thread}/runs", "assistant_id"),
            ("{thread}/messages", "role"),
            ("{run}/submit_tool_outputs", "tool_outputs"),
        ],
    )
    def test_misses_what_it_needs(self, api: Api, places: dict[str, str], path: str, param: str) -> None:
        message, param, code = missing(param)
        assert told(api.post(path.format(**places), {})) == refused(message, param=param, code=code)


class TestEveryList:
    @pytest.mark.parametrize("path", LISTS)
    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ({"limit": "0"}, out_of_range("limit", ">= 1", 0)),
            ({"limit": "-5"}, out_of_range("limit", ">= 1", -5)),
            ({"limit": "many"}, mistyped("limit", "an integer", "a string")),
            ({"limit": "1.5"}, mistyped("limit", "an integer", "a string")),
            ({"order": "up"}, unsupported("order", "up", "'asc' and 'desc'")),
            ({"page": "2"}, unknown("page")),
            ({"include[]": "everything"}, unknown("include[]")),
        ],
    )
    def test_checks_its_query(
        self, api: Api, places: dict[str, str], path: str, query: Body, said: tuple[str, str, str]
    ) -> None:
        message, param, code = said
        reply = api.get(path.format(**places), **query)
        status, body = refused(message, param=param, code=code)
        assert (reply.status_code, reply.json()["error"]) == (status, body["error"])

    @pytest.mark.parametrize("path", [path for path in LISTS if path != "/files"])
    def test_has_at_most_100_objects_a_page(self, api: Api, places: dict[str, str], path: str) -> None:
        message, param, code = out_of_range("limit", "<= 100", 101)
        assert told(api.get(path.format(**places), limit="101")) == refused(message, param=param, code=code)
        assert api.get(path.format(**places), limit="100").status_code == 200

    @pytest.mark.parametrize("path", ["{run}/steps", "{run}/steps/step_x"])
    @pytest.mark.parametrize("name", ["include", "include[]"])
    def test_of_steps_knows_what_can_be_included(self, api: Api, places: dict[str, str], path: str, name: str) -> None:
        known = "'step_details.tool_calls[*].file_search.results[*].content'"
        message, param, code = unsupported("include[0]", "everything", known)
        reply = api.get(path.format(**places), **{name: "everything"})
        assert told(reply) == refused(message, param=param, code=code)


NOTHING = [
    ("assistant", "/assistants/{id}", "asst_x", "asst", "assistant_id"),
    ("thread", "/threads/{id}", "thread_x", "thread", "thread_id"),
    ("thread", "/threads/{id}/messages", "thread_x", "thread", "thread_id"),
    ("thread", "/threads/{id}/runs", "thread_x", "thread", "thread_id"),
    ("thread", "/threads/{id}/runs/run_x/steps", "thread_x", "thread", "thread_id"),
    ("message", "{thread}/messages/{id}", "msg_x", "msg", "message_id"),
    ("run", "{thread}/runs/{id}", "run_x", "run", "run_id"),
    ("run", "{thread}/runs/{id}/steps", "run_x", "run", "run_id"),
    ("run", "{thread}/runs/{id}/steps/step_x", "run_x", "run", "run_id"),
    ("run step", "{run}/steps/{id}", "step_123", "step", "step_id"),
    ("vector store", "/vector_stores/{id}", "vs_x", "vs", "vector_store_id"),
]


class TestAnId:
    @pytest.mark.parametrize(("kind", "path", "id"), [place[:3] for place in NOTHING])
    def test_of_nothing_is_not_found(self, api: Api, places: dict[str, str], kind: str, path: str, id: str) -> None:
        assert told(api.get(path.format(id=id, **places))) == absent(f"No {kind} found with id '{id}'.")

    @pytest.mark.parametrize(("path", "prefix", "param"), [(place[1], *place[3:]) for place in NOTHING])
    def test_of_another_kind_is_told_what_it_should_be(
        self, api: Api, places: dict[str, str], path: str, prefix: str, param: str
    ) -> None:
        message = f"Invalid '{param}': 'x'. Expected an ID that begins with '{prefix}'."
        reply = told(api.get(path.format(id="x", **places)))
        assert reply == refused(message, param=param, code="invalid_value")

    @pytest.mark.parametrize("path", ["/threads/runs", "{thread}/runs"])
    @pytest.mark.parametrize("id", ["asst_x", "x"])
    def test_in_a_body_is_looked_up_alike(self, api: Api, thread: Thread, path: str, id: str) -> None:
        reply = told(api.post(path.format(thread=f"/threads/{thread.id}"), {"assistant_id": id}))
        assert reply == told(api.get(f"/assistants/{id}"))

    @pytest.mark.parametrize("path", ["/assistants/asst_x", "/threads/thread_x", "{thread}/messages/msg_x"])
    def test_is_looked_up_by_every_method_alike(self, api: Api, thread: Thread, path: str) -> None:
        where = path.format(thread=f"/threads/{thread.id}")
        assert told(api.get(where)) == told(api.post(where, {"metadata": {}})) == told(api.delete(where))

    @pytest.mark.parametrize("id", ["thread_" + "a" * 500, "thread_ä", "thread_%00", "thread_'; --", "thread_x%2Fy"])
    def test_may_be_anything(self, api: Api, id: str) -> None:
        assert api.get(f"/threads/{id}").status_code == 404
