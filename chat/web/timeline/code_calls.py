"""Calls of the code interpreter as their cards show them: the state in words, the duration, the output."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.models import RunStep, StepStatus
from chat.models.api_objects.objects import Object
from chat.providers.tool_names import CODE_INTERPRETER

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

SHOWN = 3_000  # characters of the begin, and as many of the end, of what a card shows of an output
LONGEST_ERROR = 160
# Until a call has ended: its code is being written; it comes after another; no place is free; it runs.
OPEN = ("writing", "next", "waiting", "running")
WORDS: Mapping[str, StrPromise] = {
    "writing": gettext_lazy("Writing Python…"),
    "next": gettext_lazy("Runs next"),
    "waiting": gettext_lazy("Waiting for a free place…"),
    "running": gettext_lazy("Running Python…"),
    "ok": gettext_lazy("Ran Python"),
    "error": gettext_lazy("Ended with an error"),
    "interrupted": gettext_lazy("Stopped"),
    "died": gettext_lazy("Ended before its time"),
    "refused": gettext_lazy("Python could not be run"),
}
ICONS = {"next": "clock", "waiting": "clock", "ok": "code", "interrupted": "stop"}
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_ERROR = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Iteration|Warning)\b")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ShownOutput:
    """An output as its card shows it: all of it, or its begin and end, with ``left_out`` characters between."""

    begin: str = ""
    end: str = ""
    left_out: int = 0

    def __bool__(self) -> bool:
        return bool(self.begin)


@dataclass(frozen=True, slots=True)
class CodeCall:
    """The call at ``place`` of a step's calls, with the code that it runs. ``state`` is a key of ``WORDS``.

    ``error`` is why it has not come to its end, ``note`` what else to know.
    """

    place: int
    code: str
    state: str
    printed: ShownOutput = ShownOutput()
    error: str = ""
    note: str = ""
    seconds: float | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def version(self) -> str:
        """The state, and a checksum of the note while that can change."""
        return f"{self.state} {crc32(self.note.encode()):x}" if self.is_open and self.note else self.state

    @property
    def words(self) -> str:
        """The heading of the card."""
        words = str(WORDS[self.state])
        if self.state == "error":
            return f"{words}: {self.error}"
        return self.error or words

    @property
    def icon(self) -> str:
        return ICONS.get(self.state, "alert")

    @property
    def duration(self) -> str:
        """Return the time that it ran, in words; empty below 0.05 seconds."""
        if self.seconds is None or self.seconds < 0.05:
            return ""
        if self.seconds < 10:
            return _("%(seconds).1f s") % {"seconds": self.seconds}
        minutes, seconds = divmod(round(self.seconds), 60)
        words = _("%(minutes)d min %(seconds)d s") if minutes else _("%(seconds)d s")
        return words % {"minutes": minutes, "seconds": seconds}


def code_calls(step: RunStep, *, drafts: Mapping[int, str]) -> list[CodeCall]:
    """Return the calls of a step that run code.

    ``drafts`` is the code written so far, by the place of its call; it is shown while the row has no calls.
    """
    calls: list[CodeCall] = []
    has_ended = step.status != StepStatus.IN_PROGRESS
    for place, call in enumerate(step.details["tool_calls"]):
        if call["type"] == CODE_INTERPRETER:
            follows = any(each.is_open for each in calls)
            calls.append(_code_call(place, call[CODE_INTERPRETER], has_ended=has_ended, follows=follows))
    return calls or [CodeCall(place, code, "writing") for place, code in drafts.items() if not has_ended]


def _code_call(place: int, call: Object, *, has_ended: bool, follows: bool) -> CodeCall:
    state = call.get("status", "ok")
    if has_ended and state in OPEN:
        state = "interrupted"
    elif follows and state == "waiting":
        state = "next"
    text = output_of(call)
    note = "\n".join(line.strip("[]") for line in call.get("note", "").splitlines())
    return CodeCall(
        place=place,
        code=call["input"],
        state=state,
        printed=_shortened(text),
        error=_error(state, text=text, note=note),
        note="" if note in text else note,
        seconds=call.get("seconds"),
    )


def output_of(call: Object) -> str:
    """Return all that code printed, as a terminal shows it in the end: without what was overwritten or escape codes."""
    text = "".join(output["logs"] for output in call["outputs"] if output["type"] == "logs")
    text = _ESCAPE.sub("", text.replace("\r\n", "\n"))
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _CONTROL.sub("\ufffd", "\n".join(lines)).strip("\n")


def _shortened(text: str) -> ShownOutput:
    if len(text) <= 2 * SHOWN:
        return ShownOutput(text)
    return ShownOutput(text[:SHOWN], text[-SHOWN:], len(text) - 2 * SHOWN)


def _error(state: str, *, text: str, note: str) -> str:
    """Return one line that says why code has not come to its end; empty if it has."""
    if state == "error":
        lines = [line.strip() for line in text.split("\n")]
        line = next((line for line in reversed(lines) if _ERROR.match(line)), lines[-1])
    else:
        line = {"died": note, "refused": text}.get(state, "").partition("\n")[0]
    return line if len(line) <= LONGEST_ERROR else f"{line[:LONGEST_ERROR]}…"
