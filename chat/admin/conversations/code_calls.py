"""What a run's code did: the calls of the code interpreter, as the page of a run shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chat.admin.conversations.files import is_picture
from chat.admin.conversations.highlighting import Span, coloured
from chat.admin.shared.durations_and_costs import spoken
from chat.models import File

TOOL = "code_interpreter"

WORDS: dict[str, tuple[Promise, str]] = {  # in words, and the class that colours them
    "waiting": (_("waits for a free place"), "in_progress"),
    "running": (_("runs"), "in_progress"),
    "ok": (_("ran"), "completed"),
    "error": (_("ended with an error"), "failed"),
    "interrupted": (_("was stopped"), "incomplete"),
    "died": (_("its session died"), "failed"),
    "refused": (_("did not run"), "failed"),
}


@dataclass(frozen=True, slots=True)
class Made:
    """A file that code made. ``file`` is None when it is gone."""

    name: str
    size: int
    file: File | None


@dataclass(frozen=True, slots=True)
class CodeCall:
    """A call of the code interpreter. For who may not read it: without code, logs, note, pictures and files, but with
    how many of these there are.
    """

    status: str
    tone: str
    took: str
    code: list[Span]
    logs: str
    note: str
    pictures: list[File | None]
    files: list[Made]
    picture_count: int
    file_count: int

    name = TOOL
    is_code = True


def code_call(detail: Mapping[str, Any], *, files: Mapping[str, File], readable: bool) -> CodeCall:
    """``detail`` is what stands under the call's type in the step; ``files`` has those that are still there, by id."""
    outputs, made = detail.get("outputs", []), detail.get("files") or []
    pictures = [output["image"]["file_id"] for output in outputs if output["type"] == "image"]
    status, tone = WORDS.get(detail.get("status", "ok"), WORDS["ok"])
    seconds = detail.get("seconds")
    logs = "".join(output["logs"] for output in outputs if output["type"] == "logs")
    return CodeCall(
        status=str(status),
        tone=tone,
        took=spoken(None if seconds is None else timedelta(seconds=seconds)),
        code=coloured(detail.get("input", "")) if readable else [],
        logs=logs if readable else "",
        note=(detail.get("note") or "") if readable else "",
        pictures=[_picture(files.get(file_id)) for file_id in pictures] if readable else [],
        files=[_made(each, files) for each in made] if readable else [],
        picture_count=len(pictures),
        file_count=len(made),
    )


def _picture(file: File | None) -> File | None:
    return file if file is not None and is_picture(file) else None


def _made(each: Mapping[str, Any], files: Mapping[str, File]) -> Made:
    return Made(name=each["name"], size=each["bytes"], file=files.get(each["file_id"]))
