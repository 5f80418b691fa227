"""Calls of the code interpreter, as the page of a run shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chat.admin.conversations.files import is_picture
from chat.admin.conversations.highlighting import Span, highlight
from chat.admin.shared.durations_and_costs import format_duration
from chat.models import File
from chat.providers.tool_names import CODE_INTERPRETER

STATUSES: dict[str, tuple[Promise, str]] = {  # a label, and the CSS class of a run in a state like it
    "waiting": (_("waits for a free place"), "in_progress"),
    "running": (_("runs"), "in_progress"),
    "ok": (_("ran"), "completed"),
    "error": (_("ended with an error"), "failed"),
    "interrupted": (_("was stopped"), "incomplete"),
    "died": (_("its session died"), "failed"),
    "refused": (_("did not run"), "failed"),
}


@dataclass(frozen=True, slots=True)
class GeneratedFileRow:
    """A file that code made. ``file`` is None once it was deleted."""

    name: str
    size: int
    file: File | None


@dataclass(frozen=True, slots=True)
class CodeCallRow:
    """A call of the code interpreter. Where it may not be read, it has no code, logs, note, pictures and files, but the
    counts of these.
    """

    status: str
    tone: str
    took: str
    code: list[Span]
    logs: str
    note: str
    pictures: list[File | None]
    files: list[GeneratedFileRow]
    picture_count: int
    file_count: int

    name = CODE_INTERPRETER
    is_code = True


def code_call_row(detail: Mapping[str, Any], *, files: Mapping[str, File], readable: bool) -> CodeCallRow:
    """Return the row for ``detail``, the value under the call's type in its step. ``files`` are those that exist, by
    id.
    """
    outputs, generated = detail.get("outputs", []), detail.get("files") or []
    pictures = [output["image"]["file_id"] for output in outputs if output["type"] == "image"]
    status, tone = STATUSES.get(detail.get("status", "ok"), STATUSES["ok"])
    seconds = detail.get("seconds")
    logs = "".join(output["logs"] for output in outputs if output["type"] == "logs")
    return CodeCallRow(
        status=str(status),
        tone=tone,
        took=format_duration(None if seconds is None else timedelta(seconds=seconds)),
        code=highlight(detail.get("input", "")) if readable else [],
        logs=logs if readable else "",
        note=(detail.get("note") or "") if readable else "",
        pictures=[_picture(files.get(file_id)) for file_id in pictures] if readable else [],
        files=[_generated_file_row(each, files) for each in generated] if readable else [],
        picture_count=len(pictures),
        file_count=len(generated),
    )


def _picture(file: File | None) -> File | None:
    return file if file is not None and is_picture(file) else None


def _generated_file_row(each: Mapping[str, Any], files: Mapping[str, File]) -> GeneratedFileRow:
    return GeneratedFileRow(name=each["name"], size=each["bytes"], file=files.get(each["file_id"]))
