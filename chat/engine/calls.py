"""The calls of a turn as steps, deltas and ``required_action`` show them (reference, sections 3, 6.4 and 7.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chat.models.objects import Object
from chat.providers.base import ToolCall, ToolCallPiece
from chat.tools import file_search


def is_search(piece: ToolCallPiece, how: file_search.Options | None) -> bool:
    """Whether the call that begins with ``piece`` is ours to answer."""
    return how is not None and piece.name == file_search.NAME


def begun(piece: ToolCallPiece, how: file_search.Options | None) -> dict[str, Any]:
    """The first delta of a call. What a search looks for is not told, and what it finds comes with its step."""
    if how is not None and is_search(piece, how):
        search = {"ranking_options": dict(how.ranking), "results": []}
        return {"id": piece.id, "type": "file_search", "file_search": search}
    function = {"name": piece.name, "arguments": "", "output": None}
    return {"id": piece.id, "type": "function", "function": function}


def unanswered(call: ToolCall) -> Object:
    """A function call as its step lists it."""
    function = {"name": call.name, "arguments": call.arguments or "{}", "output": None}
    return {"id": call.id, "type": "function", "function": function}


def pending(calls: Iterable[Object]) -> list[Object]:
    """The functions among the ``calls`` of a step as ``required_action`` lists them: no output yet, so no such key."""
    functions = [call for call in calls if call["type"] == "function"]
    return [{**call, "function": {key: call["function"][key] for key in ("name", "arguments")}} for call in functions]
