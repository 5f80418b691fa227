"""Parses the tool calls of a streamed answer, whatever a server makes of them.

OpenAI numbers its calls and gives id and name once, at the start. Other servers leave the number out, call everything
number 0, repeat the id or the name in every delta, send no id at all, or send a whole call at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from chat.errors import ProviderError
from chat.providers.base import ToolCallPiece
from chat.providers.storable import storable_text

MAX_CALLS = 128  # in one answer, as many as there may be tools
MAX_LABEL = 256  # characters of an id or a name; OpenAI's are below 65
_UNREADABLE = "The model's server sent a tool call that cannot be read. Try again."


@dataclass(slots=True)
class _Call:
    position: int
    id: str
    server_id: str
    name: str = ""
    early_arguments: list[str] = field(default_factory=list)  # came before the name
    has_arguments: bool = False


class ToolCallParser:
    """Turns the deltas of tool calls into the pieces that ``ToolCallPiece`` promises."""

    __slots__ = ("_by_number", "_calls")

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_number: dict[int | float | str, _Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def parse(self, deltas: Any) -> Iterator[ToolCallPiece]:
        """Yield the pieces in a chunk's ``tool_calls``, which is whatever the server sent under that name.

        Raise ``ProviderError`` for what cannot be read.
        """
        for delta in deltas if isinstance(deltas, list) else [deltas]:
            if not isinstance(delta, dict):
                raise ProviderError(_UNREADABLE)
            yield from self._parse_delta(delta)

    def finish(self) -> Iterator[ToolCallPiece]:
        """Yield ``{}`` for each call without arguments. Raise ``ProviderError`` for a call that names no function."""
        for call in self._calls:
            if not call.name:
                raise ProviderError("The model asked for a function without naming it. Try again.")
            if not call.has_arguments:
                yield ToolCallPiece(call.position, arguments="{}")

    def _parse_delta(self, delta: dict[str, Any]) -> Iterator[ToolCallPiece]:
        function = delta.get("function") or {}
        if not isinstance(function, dict):
            raise ProviderError(_UNREADABLE)
        name = _name(function.get("name"))
        arguments = _arguments(function.get("arguments"))
        call = self._find(delta.get("index"), _id(delta.get("id")), name)
        call.has_arguments = call.has_arguments or bool(arguments.strip())
        if not call.name:
            call.early_arguments.append(arguments)
            if name:
                call.name = name
                yield ToolCallPiece(call.position, call.id, name, "".join(call.early_arguments))
        elif arguments:
            yield ToolCallPiece(call.position, arguments=arguments)

    def _find(self, number: object, server_id: str, name: str) -> _Call:
        if isinstance(number, int | float | str):
            call = self._by_number.get(number)
            if call is None or _is_another(call, server_id, name):
                call = self._by_number[number] = self._new(server_id)
            return call
        if server_id:
            return next((call for call in self._calls if call.server_id == server_id), None) or self._new(server_id)
        if not self._calls or (name and self._calls[-1].name):
            return self._new("")
        return self._calls[-1]

    def _new(self, server_id: str) -> _Call:
        if len(self._calls) == MAX_CALLS:
            raise ProviderError(f"The model asked for more than {MAX_CALLS} functions at once. Try again.")
        used = {call.id for call in self._calls}
        own_id = server_id if server_id and server_id not in used else f"call_{uuid4().hex[:24]}"
        call = _Call(len(self._calls), own_id, server_id)
        self._calls.append(call)
        return call


def _is_another(call: _Call, server_id: str, name: str) -> bool:
    """True if a delta begins another call under the same number: with a new name, or a new id along with a name."""
    # A new id alone does not begin one: some servers make one up for every delta.
    if not name or not call.name:
        return False
    return name != call.name or bool(server_id and server_id != call.server_id)


def _id(value: object) -> str:
    """Return the server's id, or nothing where it is none: then the call gets one of ours."""
    text = str(value) if isinstance(value, str | int) else ""
    return storable_text(text) if len(text) <= MAX_LABEL else ""


def _name(value: object) -> str:
    if not isinstance(value or "", str):
        raise ProviderError(_UNREADABLE)
    name = storable_text(str(value or "")).strip()
    if len(name) > MAX_LABEL:
        raise ProviderError(f"The model asked for a function whose name is longer than {MAX_LABEL} characters.")
    return name


def _arguments(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise ProviderError(_UNREADABLE) from None
