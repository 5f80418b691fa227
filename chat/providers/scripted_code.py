"""What the scripted provider does with the code interpreter: writes the code it is told to, says what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from urllib.parse import quote
from uuid import uuid4

from chat.providers.base import ToolCallPiece, Turn
from chat.providers.replies import Pause, Step

NAME = "code_interpreter"
PIECE = 12  # characters of the arguments
_WRITTEN = re.compile(r"^\[Written to /mnt/data: (.*)\]$", re.MULTILINE)
_ATTACHED = re.compile(r"(\s*^\[Attached file .*\]$)+\s*\Z", re.MULTILINE)
_NOTE = re.compile(r"^\[.*\]\n?", re.MULTILINE)


def cells(codes: Sequence[str], *, seconds: float) -> Iterator[Step]:
    """A call for each of ``codes``, its arguments in pieces with a pause of so many ``seconds`` after each.

    Notes of attached files under the code are no code.
    """
    for index, code in enumerate(codes):
        arguments = json.dumps({"code": _ATTACHED.sub("", code)})
        yield ToolCallPiece(index, f"call_{uuid4().hex[:24]}", NAME)
        for begin in range(0, len(arguments), PIECE):
            yield ToolCallPiece(index, arguments=arguments[begin : begin + PIECE])
            yield Pause(seconds)


def answer(turns: Sequence[Turn]) -> str:
    """What the code printed and links to what it wrote; empty unless the turns end with results of code."""
    coded = {call.id for turn in turns for call in turn.tool_calls if call.name == NAME}
    ending = list(takewhile(lambda turn: turn.role == "tool", reversed(turns)))[::-1]
    results = [turn.text for turn in ending if turn.tool_call_id in coded]
    return "\n\n".join(_told(result) for result in results)


def _told(result: str) -> str:
    printed = _NOTE.sub("", result).strip()
    parts = [f"The code printed: {printed}" if printed else "The code ran."]
    for names in _WRITTEN.findall(result):
        parts += [f"[{name}](sandbox:/mnt/data/{quote(name)})" for name in names.split(", ")]
    return "\n\n".join(parts)
