"""The calls of a turn as steps, deltas and ``required_action`` show them (reference, sections 3, 6.4 and 7.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chat.models.api_objects.objects import Object
from chat.providers.base import Function, ToolCall, ToolCallPiece
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH, FUNCTION
from chat.tools import code_interpreter, file_search
from chat.tools.code_interpreter import CodeReader

Kind = Literal["function", "file_search", "code_interpreter"]
MOST_CALLS = {FILE_SEARCH: 10, CODE_INTERPRETER: 20}  # of one run, after which the model has to answer


@dataclass(frozen=True, slots=True)
class RunTools:
    """The tools of a run. ``search`` is how it searches, None: it may not; ``functions`` are a program's to answer.

    ``native``: its model calls them by itself. ``search_first``: it does not, so its question is searched for before.
    """

    search: file_search.Options | None = None
    code: bool = False
    functions: Sequence[Function] = ()
    native: bool = False
    search_first: bool = False

    def kind(self, name: str | None) -> Kind:
        """Return the type of a call by this name."""
        if self.search is not None and name == FILE_SEARCH:
            return FILE_SEARCH
        if self.code and name == CODE_INTERPRETER:
            return CODE_INTERPRETER
        return FUNCTION

    def is_declared(self, name: str) -> bool:
        """Return whether somebody answers a call by this name: we, or a program."""
        return self.kind(name) != FUNCTION or name in [function.name for function in self.functions]

    def begun(self, id: str | None, name: str | None) -> dict[str, Any]:
        """Return the first delta of a call. The queries of a search are not published."""
        kind = self.kind(name)
        value: dict[str, Any] = {"name": name, "arguments": "", "output": None}
        if kind == CODE_INTERPRETER:
            value = {"input": "", "outputs": []}
        elif kind == FILE_SEARCH and self.search is not None:
            value = {"ranking_options": dict(self.search.ranking), "results": []}
        return {"id": id, "type": kind, kind: value}


NO_TOOLS = RunTools()


def function_call(call: ToolCall, *, output: str | None = None) -> Object:
    """Return a function call as its step lists it; without ``output``, it is still to come."""
    function = {"name": call.name, "arguments": call.arguments or "{}", "output": output}
    return {"id": call.id, "type": FUNCTION, "function": function}


def pending_functions(calls: Iterable[Object]) -> list[Object]:
    """Return the functions without an output among the ``calls`` of a step, as ``required_action`` lists them."""
    functions = [call for call in calls if call["type"] == FUNCTION and call["function"]["output"] is None]
    return [{**call, "function": {key: call["function"][key] for key in ("name", "arguments")}} for call in functions]


STREAMED_FIELD = {FUNCTION: "arguments", CODE_INTERPRETER: "input"}  # what of a call comes in pieces


class ToolCallDeltas:
    """The calls of a turn ``by_index``, as they began. ``current`` is the one being written, -1 before the first."""

    def __init__(self, tools: RunTools) -> None:
        self.tools = tools
        self.current = -1
        self.by_index: dict[int, dict[str, Any]] = {}
        self._codes: dict[int, CodeReader] = {}

    def begin(self, piece: ToolCallPiece) -> dict[str, Any] | None:
        """Return the first delta of the call to which ``piece`` belongs; None if it has begun before."""
        self.current = piece.index
        if piece.index in self.by_index:
            return None
        begun = self.by_index[piece.index] = self.tools.begun(piece.id, piece.name)
        if begun["type"] == CODE_INTERPRETER:
            self._codes[piece.index] = CodeReader()
        return begun

    def add_arguments(self, arguments: str) -> str:
        """Return the text to publish of the current call's arguments; empty for a search."""
        if reader := self._codes.get(self.current):
            return reader.feed(arguments)
        return arguments if self.by_index[self.current]["type"] == FUNCTION else ""

    def rest(self) -> dict[int, str]:
        """Return the code that is still to be published, by index: the calls are whole."""
        return {index: rest for index, reader in self._codes.items() if (rest := reader.rest())}

    def more(self, index: int, text: str) -> dict[str, Any]:
        """Return a delta with more of a call."""
        kind = self.by_index[index]["type"]
        return {"type": kind, kind: {STREAMED_FIELD[kind]: text}}

    def unfinished(self) -> list[Object]:
        """Return the calls of a turn that was stopped, if all of them are code: only code is kept half-written."""
        if len(self._codes) < len(self.by_index):
            return []
        return [
            code_interpreter.code_call(self.by_index[index]["id"], self._codes[index].code)
            for index in sorted(self._codes)
        ]
