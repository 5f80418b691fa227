"""The calls that a model is writing in one turn, piece by piece, as deltas show them."""

from __future__ import annotations

from typing import Any

from chat.engine.calls import Hosted
from chat.models.objects import Object
from chat.providers.base import ToolCallPiece
from chat.tools import code_interpreter
from chat.tools.code_reader import CodeReader

GROWING = {"function": "arguments", "code_interpreter": "input"}  # what of a call comes in pieces


class Calling:
    """Those of a turn, by their indices. ``current`` is the one that is being written, -1 before the first."""

    def __init__(self, hosted: Hosted) -> None:
        self.hosted = hosted
        self.current = -1
        self._begun: dict[int, dict[str, Any]] = {}
        self._codes: dict[int, CodeReader] = {}

    def begin(self, piece: ToolCallPiece) -> dict[str, Any] | None:
        """The first delta of the call to which ``piece`` belongs; None if it has begun before."""
        self.current = piece.index
        if piece.index in self._begun:
            return None
        begun = self._begun[piece.index] = self.hosted.begun(piece.id, piece.name)
        if begun["type"] == code_interpreter.NAME:
            self._codes[piece.index] = CodeReader()
        return begun

    def take(self, arguments: str) -> str:
        """What of the current call's arguments is told. Those of a search are not."""
        if reader := self._codes.get(self.current):
            return reader.take(arguments)
        return arguments if self._begun[self.current]["type"] == "function" else ""

    def rest(self) -> dict[int, str]:
        """No more comes: what is still to be told of code, by its index."""
        return {index: rest for index, reader in self._codes.items() if (rest := reader.rest())}

    def more(self, index: int, text: str) -> dict[str, Any]:
        """A delta with more of a call."""
        kind = self._begun[index]["type"]
        return {"type": kind, kind: {GROWING[kind]: text}}

    def index_of(self, place: int) -> int:
        """Of the call at ``place`` among those of the turn."""
        return sorted(self._begun)[place]

    def unfinished(self) -> list[Object]:
        """The calls of a turn that was stopped, if all of them are code: only code is kept half-written."""
        if len(self._codes) < len(self._begun):
            return []
        return [
            code_interpreter.call(self._begun[index]["id"], self._codes[index].code) for index in sorted(self._codes)
        ]
