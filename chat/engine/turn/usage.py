"""The tokens of a turn, as its server counts them or else as we estimate, and those that a run has left.

No Django and no I/O: the loop counts with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from io import StringIO
from typing import Literal

from chat.providers.base import Function, Piece, Request, Text, ToolCallPiece, Turn, Usage
from chat.providers.tokens import estimate

TURN = 4  # tokens that a chat template adds to each turn
IMAGE = 800  # tokens, about what a mid-sized picture costs

Reason = Literal["max_prompt_tokens", "max_completion_tokens"]


def estimate_turns(turns: Iterable[Turn]) -> int:
    """Return an estimate of the tokens of ``turns``."""
    total = 0
    for turn in turns:
        arguments = "".join(call.name + call.arguments for call in turn.tool_calls)
        total += TURN + IMAGE * len(turn.images) + estimate(turn.text) + estimate(arguments)
    return total


def estimate_functions(functions: Iterable[Function]) -> int:
    """Return an estimate of the tokens that it takes to declare ``functions``."""
    return sum(
        TURN + estimate(function.name + function.description + json.dumps(function.parameters))
        for function in functions
    )


class UsageMeter:
    """Counts the tokens of a ``request`` and its answer. Not every server tells the usage."""

    def __init__(self) -> None:
        self.request: Request | None = None  # the one sent last: those before it were refused and cost nothing
        self._answer = StringIO()  # thousands of small pieces would weigh many times their text
        self._reported = Usage()
        self._has_heard = False

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
        if self.request is None or not self._has_heard:
            return Usage()
        prompt, completion = self._reported.prompt, self._reported.completion
        if not prompt:
            prompt = estimate_turns(self.request.turns) + estimate_functions(self.request.functions)
        return replace(self._reported, prompt=prompt, completion=completion or estimate(self._answer.getvalue()))


class LimitReached(Exception):
    """The run has not enough left of its tokens to go on; ``reason`` is what its ``incomplete_details`` say."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TokensLeft:
    """Tokens that a run may still send and have generated, in all its turns together (reference, section 6.1).

    None: no limit.
    """

    prompt: int | None = None
    completion: int | None = None

    def after(self, spent: Usage) -> TokensLeft:
        """Return what is left after turns that have ``spent`` tokens."""
        return TokensLeft(
            prompt=None if self.prompt is None else self.prompt - spent.prompt,
            completion=None if self.completion is None else self.completion - spent.completion,
        )

    def check(self) -> None:
        """Raise ``LimitReached`` when there are no tokens for another turn."""
        if self.completion is not None and self.completion <= 0:
            raise LimitReached("max_completion_tokens")
        if self.prompt is not None and self.prompt <= 0:
            raise LimitReached("max_prompt_tokens")
