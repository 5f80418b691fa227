"""The replies that a scripted provider plays, made of steps."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from chat.errors import ProviderError
from chat.providers.base import Piece, Request, ToolCall, ToolCallPiece, Turn
from chat.providers.tool_names import CODE_INTERPRETER


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


ARGUMENTS_PIECE = 12  # characters of a cell's arguments in one piece
CITED_PASSAGES = 3
CITED_LENGTH = 80  # characters of each cited passage

_PASSAGE = re.compile(r'<passage source="([^"]*)"[^>]*>\n(.*?)\n</passage>', re.DOTALL)
_WRITTEN = re.compile(r"^\[Written to /mnt/data: (.*)\]$", re.MULTILINE)
_ATTACHED = re.compile(r"(\s*^\[Attached file .*\]$)+\s*\Z", re.MULTILINE)
_NOTE = re.compile(r"^\[.*\]\n?", re.MULTILINE)


def cite_passages(turns: Sequence[Turn]) -> list[str]:
    """Return the beginning of each passage that the last turn found, cited as a model would.

    The markers are broken at odd places. Empty unless it is the result of a search.
    """
    pieces: list[str] = []
    for source, text in _PASSAGE.findall(turns[-1].text)[:CITED_PASSAGES]:
        beginning = " ".join(text.split())[:CITED_LENGTH]
        pieces += [*re.findall(r"\s*\S+", beginning), source[:1], source[1:4], source[4:], ". "]
    return pieces


def call_code_interpreter(codes: Sequence[str], *, seconds: float) -> Iterator[Step]:
    """Yield a call for each of ``codes``, its arguments in pieces with a pause of so many ``seconds`` after each."""
    for index, code in enumerate(codes):
        # Notes of attached files, which the engine puts under a message, are no code.
        arguments = json.dumps({"code": _ATTACHED.sub("", code)})
        yield ToolCallPiece(index, f"call_{uuid4().hex[:24]}", CODE_INTERPRETER)
        for begin in range(0, len(arguments), ARGUMENTS_PIECE):
            yield ToolCallPiece(index, arguments=arguments[begin : begin + ARGUMENTS_PIECE])
            yield Pause(seconds)


def describe_code_results(turns: Sequence[Turn]) -> str:
    """Return what the code printed and links to its files; empty unless these are the last results."""
    code_calls = {call.id for turn in turns for call in turn.tool_calls if call.name == CODE_INTERPRETER}
    last_results = list(takewhile(lambda turn: turn.role == "tool", reversed(turns)))[::-1]
    results = [turn.text for turn in last_results if turn.tool_call_id in code_calls]
    return "\n\n".join(_describe_code_result(result) for result in results)


def _describe_code_result(result: str) -> str:
    printed = _NOTE.sub("", result).strip()
    parts = [f"The code printed: {printed}" if printed else "The code ran."]
    for names in _WRITTEN.findall(result):
        parts += [f"[{name}](sandbox:/mnt/data/{quote(name)})" for name in names.split(", ")]
    return "\n\n".join(parts)
