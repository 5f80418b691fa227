"""The scripted provider's use of the hosted tools: the cells that it has run, and its answers from results."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from urllib.parse import quote
from uuid import uuid4

from chat.providers.base import ToolCallPiece, Turn
from chat.providers.scripted.replies import Pause, Step
from chat.providers.tool_names import CODE_INTERPRETER

ARGUMENTS_PIECE = 12  # characters of a cell's arguments in one piece
CITED_PASSAGES = 3
CITED_LENGTH = 80  # characters of each cited passage

_PASSAGE = re.compile(r'<passage source="([^"]*)"[^>]*>\n(.*?)\n</passage>', re.DOTALL)
_WRITTEN = re.compile(r"^\[Written to /mnt/data: (.*)\]$", re.MULTILINE)
_ATTACHED = re.compile(r"(\s*^\[Attached file .*\]$)+\s*\Z", re.MULTILINE)
_NOTE = re.compile(r"^\[.*\]\n?", re.MULTILINE)


def cite_passages(turns: Sequence[Turn]) -> list[str]:
    """Return the beginning of each passage that the last turn found, cited as a model would.

    The markers are broken at odd places. Empty unless the turns end with passages.
    """
    if not turns or turns[-1].role != "tool":
        return []
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
    """Return what the code printed and links to its files; empty unless the turns end with results of code."""
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
