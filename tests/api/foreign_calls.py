"""Calls in which one id is someone else's: one for each place in each operation where an id stands.

The operations and the places come from the API's own table of routes: a new one that has no place in the tables here
fails the tests that use them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chat.api.assistants_v1.urls import api as old
from chat.api.urls import api as new
from tests.api.routes import Route, routes

# Models are everyone's.
SHARED = {"model"}
# What belongs to an object and can be named only together with it.
PARTS: dict[str, tuple[str, ...]] = {
    "assistant_id": ("file_id",),
    "thread_id": ("message_id", "run_id", "step_id", "tool_call_id", "file_id"),
    "message_id": ("file_id",),
    "run_id": ("step_id", "tool_call_id"),
    "upload_id": ("part_id",),
    "vector_store_id": ("file_id", "batch_id"),
}
# What is in each list, and so what its cursors name.
LISTED = {
    "list_assistants": "assistant_id",
    "list_threads": "thread_id",
    "list_messages": "message_id",
    "list_runs": "run_id",
    "list_run_steps": "step_id",
    "list_files": "file_id",
    "list_vector_stores": "vector_store_id",
    "list_vector_store_files": "file_id",
    "list_files_in_vector_store_batch": "file_id",
    "list_assistant_files": "file_id",
    "list_message_files": "file_id",
}
CURSORS = {"after", "before"}
NO_IDS = {"limit", "order", "include", "purpose", "filter"}
# What an operation needs, besides the ids in its path, to do something. Ids are named as in ``belongings``.
MESSAGE = {"role": "user", "content": "Hello"}
CHANGE = {"metadata": {"changed": "yes"}}
BODIES: dict[str, dict[str, Any]] = {
    "create_assistant": {"model": "scripted"},
    "modify_assistant": CHANGE,
    "create_thread_and_run": {"assistant_id": "assistant_id"},
    "create_run": {"assistant_id": "assistant_id"},
    "modify_run": CHANGE,
    "submit_tool_outputs": {"tool_outputs": [{"tool_call_id": "tool_call_id", "output": "3"}]},
    "modify_thread": CHANGE,
    "create_message": MESSAGE,
    "modify_message": CHANGE,
    "complete_upload": {"part_ids": ["part_id"]},
    "modify_vector_store": CHANGE,
    "create_vector_store_file": {"file_id": "file_id"},
    "modify_vector_store_file": {"attributes": {"changed": True}},
    "create_vector_store_file_batch": {"file_ids": ["file_id"]},
    "search_vector_store": {"query": "Hello"},
    "create_assistant_file": {"file_id": "file_id"},
}
FORMS = {"create_upload_part": "data"}
# What stands beside an id in the object that has it, by the name of that object.
BESIDE: dict[str, dict[str, Any]] = {
    "messages": MESSAGE,
    "additional_messages": MESSAGE,
    "content": {"type": "image_file"},
    "attachments": {"tools": [{"type": "code_interpreter"}]},
    "tool_outputs": {"output": "3"},
}
# What does not go together, by what is sent in its place.
INSTEAD = {"files": "file_ids"}
# Places of old bodies that the API puts elsewhere before it looks.
OLD_PLACES = {
    "create_message": ["file_ids"],
    "create_thread": ["messages[].file_ids"],
    "create_run": ["additional_messages[].file_ids"],
    "create_thread_and_run": ["thread.messages[].file_ids"],
}
NEED_A_WAITING_RUN = {"cancel_run", "submit_tool_outputs"}
NEW, OLD = "assistants=v2", "assistants=v1"


@dataclass(frozen=True)
class Case:
    """A call in which ``others``, ids by name, are someone else's."""

    beta: str
    route: Route
    others: tuple[str, ...]
    place: str = ""  # in the body
    cursor: str = ""  # in the query
    streams: bool = False

    def __str__(self) -> str:
        where = self.place or self.cursor or "+".join(self.others)
        return f"{self.beta[-2:]} {self.route}:{where}{':stream' if self.streams else ''}"

    @property
    def needs_waiting_run(self) -> bool:
        return self.route.name in NEED_A_WAITING_RUN


def offered() -> dict[str, list[Route]]:
    """By header, the operations that are not the same under an earlier one."""
    current, first = routes(new), routes(old)
    return {NEW: current, OLD: [route for route in first if route not in current or route.name in OLD_PLACES]}


def cases() -> Iterator[Case]:
    for beta, its_routes in offered().items():
        for route in its_routes:
            streams = [False, True] if route.body and "stream" in route.body["properties"] else [False]
            for stream, where in product(streams, [*in_path(route), *in_body(route, beta), *in_query(route)]):
                yield Case(beta, route, streams=stream, **where)


def in_path(route: Route) -> Iterator[dict[str, Any]]:
    for name in (name for name in route.parameters if name not in SHARED):
        yield {"others": (name,)}
        if named_with := tuple(part for part in PARTS.get(name, ()) if part in used_by(route)):
            yield {"others": (name, *named_with)}


def used_by(route: Route) -> set[str]:
    """The names of all ids in a call."""
    return {*route.parameters, *(kind_of(place) for place in route.id_places)}


def in_body(route: Route, beta: str) -> Iterator[dict[str, Any]]:
    more = OLD_PLACES.get(route.name, []) if beta == OLD else []
    for place in [*route.id_places, *more]:
        yield {"others": (kind_of(place),), "place": place}


def in_query(route: Route) -> Iterator[dict[str, Any]]:
    for name in (name for name in route.query if name not in NO_IDS):
        yield {"others": (LISTED[route.name] if name in CURSORS else name,), "cursor": name}


def kind_of(place: str) -> str:
    """``file_id`` for ``attachments[].file_id`` and ``file_ids``."""
    return place.rpartition(".")[2].removesuffix("s")


def body_of(case: Case, ids: Mapping[str, str]) -> dict[str, Any]:
    """What is sent: what the operation needs, and the id in its place."""
    body = named(BODIES.get(case.route.name, {}), ids)
    if case.streams:
        body["stream"] = True
    if not case.place:
        return body
    placed = at(case.place, ids[kind_of(case.place)])
    excluded = {INSTEAD.get(name) for name in placed}
    return {name: value for name, value in body.items() if name not in excluded} | placed


def named(value: Any, ids: Mapping[str, str]) -> Any:
    """``value`` with ids where it has their names."""
    if isinstance(value, dict):
        return {name: named(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [named(inner, ids) for inner in value]
    return ids.get(value, value)


def at(place: str, id: str) -> dict[str, Any]:
    """A body that has ``id`` in its place, and beside it what must be."""
    name, _dot, rest = place.partition(".")
    bare = name.removesuffix("[]")
    if not rest:
        return {bare: [id] if bare.endswith("_ids") else id}
    inner = deepcopy(BESIDE.get(bare, {})) | at(rest, id)
    return {bare: [inner] if name.endswith("[]") else inner}


def call(client: Client, case: Case, ids: Mapping[str, str], *, door: str = "/v1") -> Any:
    """The answer to the case, with these ids."""
    address = door + case.route.path.format_map({**ids, "model": "scripted"})
    headers = {"OpenAI-Beta": case.beta}
    if field := FORMS.get(case.route.name):
        return client.post(address, {field: SimpleUploadedFile("data", b"Hello")}, headers=headers)
    body = body_of(case, ids)
    content = {"data": body, "content_type": "application/json"} if body else {}
    query = {case.cursor: ids[case.others[0]]} if case.cursor else None
    return getattr(client, case.route.method.lower())(address, query_params=query, headers=headers, **content)
