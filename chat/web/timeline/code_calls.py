"""Calls of the code interpreter as their cards show them: the state in words, the duration, the output, the files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING
from zlib import crc32

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.models import File, Message, Run, RunStep, StepStatus, StepType
from chat.models.api_objects.objects import Object
from chat.models.resource_uses import pictures_in
from chat.models.runs import ENDED, HasToolCall
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


@dataclass(frozen=True, slots=True)
class ShownCode:
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


def code_calls(step: RunStep, *, drafts: Mapping[int, str]) -> list[ShownCode]:
    """Return the calls of a step that run code.

    ``drafts`` is the code written so far, by the place of its call; it is shown while the row has no calls.
    """
    calls: list[ShownCode] = []
    has_ended = step.status != StepStatus.IN_PROGRESS
    for place, call in enumerate(step.details["tool_calls"]):
        if call["type"] == CODE_INTERPRETER:
            follows = any(each.is_open for each in calls)
            calls.append(_code_call(place, call[CODE_INTERPRETER], has_ended=has_ended, follows=follows))
    return calls or [ShownCode(place, code, "writing") for place, code in drafts.items() if not has_ended]


def _code_call(place: int, call: Object, *, has_ended: bool, follows: bool) -> ShownCode:
    state = call.get("status", "ok")
    if has_ended and state in OPEN:
        state = "interrupted"
    elif follows and state == "waiting":
        state = "next"
    text = output_of(call)
    printed = ShownOutput(text)
    if len(text) > 2 * SHOWN:
        printed = ShownOutput(text[:SHOWN], text[-SHOWN:], len(text) - 2 * SHOWN)
    note = "\n".join(line.strip("[]") for line in call.get("note", "").splitlines())
    return ShownCode(
        place=place,
        code=call["input"],
        state=state,
        printed=printed,
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


def _error(state: str, *, text: str, note: str) -> str:
    """Return one line that says why code has not come to its end; empty if it has."""
    if state == "error":
        lines = [line.strip() for line in text.split("\n")]
        line = next((line for line in reversed(lines) if _ERROR.match(line)), lines[-1])
    else:
        line = {"died": note, "refused": text}.get(state, "").partition("\n")[0]
    return line if len(line) <= LONGEST_ERROR else f"{line[:LONGEST_ERROR]}…"


# --- files and pictures that code has made ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A file. ``name`` is its path from where the code runs, ``bytes`` its size."""

    name: str
    file_id: str
    bytes: int


@dataclass(frozen=True, slots=True)
class GeneratedFiles:
    """The files of a run, each in its last version, and ids of pictures that no answer shows."""

    files: tuple[GeneratedFile, ...] = ()
    pictures: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.files or self.pictures)


NO_FILES = GeneratedFiles()


@dataclass(slots=True)
class _RunOutput:
    """The output of the steps of one run. ``step`` is the last that has made something."""

    step: RunStep
    files: dict[str, GeneratedFile] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)


def code_steps(*, also: Iterable[str] = ()) -> QuerySet[RunStep]:
    """Return the steps in which code was run, and those with the ids ``also``, oldest first."""
    calls = RunStep.objects.filter(type=StepType.TOOL_CALLS)
    return calls.filter(Q(HasToolCall("details", type=CODE_INTERPRETER)) | Q(id__in=list(also))).order_by(
        "created_at", "number"
    )


def generated_files(run_ids: Iterable[str]) -> dict[str, GeneratedFiles]:
    """Return the files of those runs that have ended, by the id of the message or step that offers them.

    That is the last answer of the run if it came after all that was made, else the step.
    """
    ended = code_steps().filter(run_id__in=set(run_ids), run__status__in=ENDED)
    steps = ended.order_by("run_id", "created_at", "number")
    outputs = {id: output for id, group in groupby(steps, lambda step: step.run_id) if (output := _run_output(group))}
    if not outputs:
        return {}
    answers, in_answers = _answers(outputs)
    named = {file.file_id for output in outputs.values() for file in output.files.values()}
    named.update(id for output in outputs.values() for id in output.pictures if id not in in_answers)
    stored = set(_stored_files(outputs).filter(id__in=named).values_list("id", flat=True))
    offers: dict[str, GeneratedFiles] = {}
    for run_id, output in outputs.items():
        answer = answers.get(run_id)
        is_last = answer is not None and answer.created_at > output.step.created_at
        files = tuple(file for file in output.files.values() if file.file_id in stored)
        pictures = tuple(id for id in output.pictures if id in stored and id not in in_answers)
        offers[answer.id if answer and is_last else output.step.id] = GeneratedFiles(files, pictures)
    return offers


def _run_output(steps: Iterable[RunStep]) -> _RunOutput | None:
    output: _RunOutput | None = None
    for step in steps:
        calls = [call[CODE_INTERPRETER] for call in step.details["tool_calls"] if call["type"] == CODE_INTERPRETER]
        files = [file for call in calls for file in call.get("files", ())]
        outputs = [output for call in calls for output in call["outputs"]]
        pictures = [output["image"]["file_id"] for output in outputs if output["type"] == "image"]
        if files or pictures:
            output = output or _RunOutput(step)
            output.step = step
            output.files |= {
                each["name"]: GeneratedFile(each["name"], each["file_id"], each["bytes"]) for each in files
            }
            output.pictures += pictures
    return output


def _answers(run_ids: Iterable[str]) -> tuple[dict[str, Message], set[str]]:
    """Return the last answer of each run, and the ids of the pictures that their answers show."""
    rows = Message.objects.filter(run_id__in=list(run_ids)).order_by("created_at", "number")
    answers = list(rows.only("id", "run_id", "created_at", "content"))
    pictures = {id for message in answers for id in pictures_in(message.content)}
    return {message.run_id: message for message in answers if message.run_id}, pictures


def _stored_files(run_ids: Iterable[str]) -> QuerySet[File]:
    """Return the files that can still be fetched of the owners of the runs' threads."""
    owners = Run.objects.filter(id__in=list(run_ids)).values("thread__owner")
    return File.objects.there().filter(owner__in=owners)
