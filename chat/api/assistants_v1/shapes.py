"""Conversion of objects and events to the shapes of the first Assistants API, for clients with ``assistants=v1``.

The shapes are those of the types in OpenAI's SDK from 1.3.5 to 1.20.0, the last one of that time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chat.actions.assistants_v1 import assistant_files
from chat.api.http.request import ConvertEvent
from chat.events.types import RUN_COMPLETED, RUN_INCOMPLETE
from chat.models import User
from chat.models.api_objects.objects import Object
from chat.providers.tool_names import FILE_SEARCH

Files = Mapping[str, list[str]]  # the ids of the files of assistants
Shape = Callable[[Object, Files], Object]
# Fields that came with the second API, by object.
V2_FIELDS = {
    "assistant": {"temperature", "top_p", "response_format", "reasoning_effort", "tool_resources"},
    "thread": {"tool_resources"},
    "thread.message": {"attachments"},
    "thread.run": {"top_p", "reasoning_effort", "parallel_tool_calls", "tool_resources"},
}
RETRIEVAL = {"type": "retrieval"}
EVENTS = {RUN_INCOMPLETE: RUN_COMPLETED}  # the SDKs of that time know no other end (reference, section 7.2)


def to_v1(data: Object, *, user: User) -> Object:
    """Return an object, or a list of objects, with the ``file_ids`` of assistants that ``user`` may use."""
    items = data["data"] if data.get("object") == "list" else [data]
    assistant_ids = (_assistant_id(item) for item in items)
    return _convert(data, _files(user, *assistant_ids))


def event_converter(user: User, assistant_id: str | None) -> ConvertEvent:
    """Return what converts the events of the assistant's runs for ``user``. Its files are read once, now."""
    files = _files(user, assistant_id)
    return lambda name, data: (EVENTS.get(name, name), _convert(data, files))


def _assistant_id(data: Object) -> str | None:
    """Return the id of the assistant whose files are part of the old shape of ``data``."""
    field = {"assistant": "id", "thread.run": "assistant_id"}.get(data.get("object", ""))
    return data[field] if field else None


def _files(user: User, *assistant_ids: str | None) -> Files:
    ids = {id for id in assistant_ids if id}
    return assistant_files.ids_of(user, ids) if ids else {}


def _convert(data: Object, files: Files) -> Object:
    shape = SHAPES.get(data.get("object", ""))
    return shape(data, files) if shape else data


def _without_v2_fields(data: Object) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in V2_FIELDS[data["object"]]}


def _list(data: Object, files: Files) -> Object:
    return {**data, "data": [_convert(item, files) for item in data["data"]]}


def _assistant(data: Object, files: Files) -> Object:
    return {**_without_v2_fields(data), "tools": _tools(data["tools"]), "file_ids": files.get(data["id"], [])}


def _thread(data: Object, _files: Files) -> Object:
    return _without_v2_fields(data)


def _message(data: Object, _files: Files) -> Object:
    file_ids = dict.fromkeys(use["file_id"] for use in data["attachments"] if use.get("file_id"))
    return {**_without_v2_fields(data), "content": _parts(data["content"]), "file_ids": list(file_ids)}


def _message_delta(data: Object, _files: Files) -> Object:
    return {**data, "delta": {**data["delta"], "content": _parts(data["delta"].get("content", []))}}


def _run(data: Object, files: Files) -> Object:
    choice = data["tool_choice"]
    return {
        **_without_v2_fields(data),
        "tools": _tools(data["tools"]),
        "tool_choice": choice if isinstance(choice, str) else _tools([choice])[0],
        "file_ids": files.get(data["assistant_id"], []),
    }


def _step(data: Object, _files: Files) -> Object:
    return {**data, "step_details": _details(data["step_details"])}


def _step_delta(data: Object, _files: Files) -> Object:
    return {**data, "delta": {**data["delta"], "step_details": _details(data["delta"]["step_details"])}}


def _tools(tools: Iterable[Object]) -> list[Object]:
    return [RETRIEVAL if tool["type"] == FILE_SEARCH else tool for tool in tools]


def _details(details: Object) -> Object:
    if details["type"] != "tool_calls":
        return details
    return {**details, "tool_calls": [_call(call) for call in details["tool_calls"]]}


def _call(call: Object) -> Object:
    if call["type"] != FILE_SEARCH:
        return call
    fields = {name: value for name, value in call.items() if name != FILE_SEARCH}
    return {**fields, "type": "retrieval", "retrieval": {}}


def _parts(parts: Iterable[Object]) -> list[Object]:
    return [_part(part) for part in parts]


def _part(part: Object) -> Object:
    if part["type"] == "refusal":  # which was a text then
        index = {"index": part["index"]} if "index" in part else {}
        return {**index, "type": "text", "text": {"value": part["refusal"], "annotations": []}}
    return _with_quotes(part) if part.get("text", {}).get("annotations") else part


def _with_quotes(part: Object) -> Object:
    """Return the text part with a ``quote`` in each file citation, which programs of that time print."""
    notes = [
        {**note, "file_citation": {"quote": "", **note["file_citation"]}} if "file_citation" in note else note
        for note in part["text"]["annotations"]
    ]
    return {**part, "text": {**part["text"], "annotations": notes}}


SHAPES: dict[str, Shape] = {
    "list": _list,
    "assistant": _assistant,
    "thread": _thread,
    "thread.message": _message,
    "thread.message.delta": _message_delta,
    "thread.run": _run,
    "thread.run.step": _step,
    "thread.run.step.delta": _step_delta,
}
