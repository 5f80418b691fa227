"""The replies that a scripted provider plays, made of steps."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from chat.errors import ProviderError
from chat.providers.base import Piece, Request, ToolCall


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence for some seconds; ``float("inf")`` until somebody stops the stream."""

    seconds: float


Step = str | Piece | ToolCall | Pause | asyncio.Event | ProviderError
"""A text is one piece as it stands, an event is waited for, an error is raised."""


class Reply:
    """Steps, and when to play them.

    ``when`` is a regular expression searched in the last user turn. ``after_tools`` makes it a reply to the results of
    tools instead of the user's own words. ``once`` uses it up.
    """

    def __init__(self, *steps: Step, when: str = "", after_tools: bool = False, once: bool = False) -> None:
        self.steps = steps
        self.once = once
        self._when = re.compile(when, re.IGNORECASE | re.DOTALL)
        self._after_tools = after_tools

    def fits(self, request: Request) -> bool:
        """True if this answers ``request``."""
        has_results = bool(request.turns) and request.turns[-1].role == "tool"
        return has_results == self._after_tools and bool(self._when.search(last_user_text(request)))


def call(name: str, /, **arguments: Any) -> ToolCall:
    """Return a call of the function ``name``, as a step."""
    return call_with_text(name, json.dumps(arguments))


def call_with_text(name: str, arguments: str) -> ToolCall:
    """Return a call whose arguments are any text, so that broken JSON can be tried too."""
    return ToolCall(f"call_{uuid4().hex[:24]}", name, arguments)


def word_by_word(text: str, *, seconds: float) -> Iterator[Step]:
    """Yield ``text`` word by word, white space kept, with a pause of ``seconds`` after each."""
    return paced(re.findall(r"\s*\S+\s*", text), seconds=seconds)


def paced(texts: Iterable[str], *, seconds: float) -> Iterator[Step]:
    """Yield each text and a pause after it."""
    for text in texts:
        yield text
        yield Pause(seconds)


def last_user_text(request: Request) -> str:
    """Return the text of the last user turn, or nothing."""
    return next((turn.text for turn in reversed(request.turns) if turn.role == "user"), "")
