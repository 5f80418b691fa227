"""The tokens of one turn of a model: as its server says, or else as we estimate. No Django and no I/O."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from chat.engine.turn import token_estimate
from chat.providers.base import Piece, Request, Text, ToolCallPiece, Usage
from chat.providers.tokens import estimate


class UsageMeter:
    """Counts the tokens of a request and its answer. Not every server tells the usage."""

    def __init__(self) -> None:
        self._request: Request | None = None
        self._answer = StringIO()  # thousands of small pieces would weigh many times their text
        self._reported = Usage()
        self._has_heard = False

    def ask(self, request: Request) -> None:
        """``request`` is about to be sent; one before it, if any, was refused and cost nothing."""
        self._request = request

    def hear(self, piece: Piece) -> None:
        """A piece of the answer."""
        self._has_heard = True
        match piece:
            case Text():
                self._answer.write(piece.value)
            case ToolCallPiece():
                self._answer.write((piece.name or "") + piece.arguments)
            case Usage():
                self._reported = piece

    @property
    def usage(self) -> Usage:
        """The usage of the turn so far; nothing before the first piece."""
        if self._request is None or not self._has_heard:
            return Usage()
        prompt = token_estimate.estimate_turns(self._request.turns) + token_estimate.estimate_functions(
            self._request.functions
        )
        return replace(
            self._reported,
            prompt=self._reported.prompt or prompt,
            completion=self._reported.completion or estimate(self._answer.getvalue()),
        )
