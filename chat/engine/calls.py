"""The calls of a turn as steps, deltas and ``required_action`` show them (reference, sections 3, 6.4 and 7.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from chat.models.objects import Object
from chat.providers.base import ToolCall
from chat.tools import code_interpreter, file_search

Kind = Literal["function", "file_search", "code_interpreter"]


@dataclass(frozen=True, slots=True)
class Hosted:
    """Which calls of a run are ours to answer. ``search`` is how it searches; None: it may not."""

    search: file_search.Options | None = None
    code: bool = False

    def kind(self, name: str | None) -> Kind:
        """Of a call by this name."""
        if self.search is not None and name == file_search.NAME:
            return "file_search"
        if self.code and name == code_interpreter.NAME:
            return "code_interpreter"
        return "function"

    def begun(self, id: str | None, name: str | None) -> dict[str, Any]:
        """The first delta of a call. What a search looks for is not told, and what it finds comes with its step."""
        kind = self.kind(name)
        made: dict[str, Any] = {"name": name, "arguments": "", "output": None}
        if kind == "code_interpreter":
            made = {"input": "", "outputs": []}
        elif kind == "file_search" and self.search is not None:
            made = {"ranking_options": dict(self.search.ranking), "results": []}
        return {"id": id, "type": kind, kind: made}


def unanswered(call: ToolCall) -> Object:
    """A function call as its step lists it."""
    function = {"name": call.name, "arguments": call.arguments or "{}", "output": None}
    return {"id": call.id, "type": "function", "function": function}


def pending(calls: Iterable[Object]) -> list[Object]:
    """The functions among the ``calls`` of a step as ``required_action`` lists them: no output yet, so no such key."""
    functions = [call for call in calls if call["type"] == "function"]
    return [{**call, "function": {key: call["function"][key] for key in ("name", "arguments")}} for call in functions]
