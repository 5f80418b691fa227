"""The events and the steps of a run, as rows for its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.admin.conversations import files as conversation_files
from chat.admin.conversations.code_calls import CodeCallRow, code_call_row
from chat.admin.shared.durations_and_costs import elapsed, format_duration
from chat.events import types
from chat.models import File, Message, Run, RunStep, StepType
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH

EVENT_LABELS: dict[str, Promise] = {
    types.RUN_CREATED: _("The run was created"),
    types.RUN_QUEUED: _("It waits for a worker"),
    types.RUN_IN_PROGRESS: _("A worker took it"),
    types.RUN_REQUIRES_ACTION: _("It waits for tool outputs"),
    types.RUN_CANCELLING: _("Someone asked it to stop"),
    types.RUN_COMPLETED: _("The run is complete"),
    types.RUN_INCOMPLETE: _("The run ended incomplete"),
    types.RUN_FAILED: _("The run failed"),
    types.RUN_CANCELLED: _("The run was stopped"),
    types.RUN_EXPIRED: _("The run expired"),
    types.STEP_CREATED: _("A step began"),
    types.STEP_COMPLETED: _("The step is complete"),
    types.STEP_FAILED: _("The step failed"),
    types.STEP_CANCELLED: _("The step was stopped"),
    types.STEP_EXPIRED: _("The step expired"),
    types.MESSAGE_CREATED: _("The first word of an answer"),
    types.MESSAGE_COMPLETED: _("The answer is complete"),
    types.MESSAGE_INCOMPLETE: _("The answer broke off"),
}
BAD = {types.RUN_FAILED, types.RUN_EXPIRED, types.RUN_INCOMPLETE, types.STEP_FAILED, types.STEP_EXPIRED}
GOOD = {types.RUN_COMPLETED}


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event of a run. ``after`` is the time since the run was created, in words."""

    at: datetime
    after: str
    name: str
    label: str
    note: str
    tone: str


def event_rows(run: Run) -> list[EventRow]:
    """Return the events, oldest first."""
    return [
        EventRow(
            at=run.created_at + (after := timedelta(seconds=seconds)),
            after=format_duration(after),
            name=name,
            label=str(EVENT_LABELS.get(name, name)),
            note=note,
            tone="bad" if name in BAD else "good" if name in GOOD else "",
        )
        for _seq, name, seconds, note in run.timeline or ()
    ]


@dataclass(frozen=True, slots=True)
class ToolCallRow:
    """A tool call of a step. ``output`` is None until there is one. Both texts are empty where not readable."""

    name: str
    arguments: str
    output: str | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step, with the text that it wrote or the tools that it called. Times are in words."""

    step: RunStep
    after: str
    took: str
    text: str
    calls: list[ToolCallRow | CodeCallRow]


def step_rows(run: Run, *, readable: bool) -> list[StepRow]:
    """Return the steps in order; unless ``readable``, without a word that was written or handed to a tool."""
    texts = {message.id: message.text for message in Message.objects.filter(run_id=run.id)} if readable else {}
    files = conversation_files.existing_files(run.thread, conversation_files.run_file_ids(run)) if readable else {}
    return [
        StepRow(
            step=step,
            after=format_duration(step.created_at - run.created_at),
            took=format_duration(elapsed(step.created_at, step.completed_at or step.failed_at or step.cancelled_at)),
            text=texts.get(step.details.get("message_creation", {}).get("message_id"), ""),
            calls=_call_rows(step, files=files, readable=readable),
        )
        for step in run.steps.all()
    ]


def _call_rows(step: RunStep, *, files: Mapping[str, File], readable: bool) -> list[ToolCallRow | CodeCallRow]:
    if step.type != StepType.TOOL_CALLS:
        return []
    return [_call_row(call, files=files, readable=readable) for call in step.details.get("tool_calls", [])]


def _call_row(call: dict[str, Any], *, files: Mapping[str, File], readable: bool) -> ToolCallRow | CodeCallRow:
    detail = call.get(call["type"], {})
    if call["type"] == CODE_INTERPRETER:
        return code_call_row(detail, files=files, readable=readable)
    name = detail.get("name", call["type"])  # only functions have a name
    is_search = call["type"] == FILE_SEARCH
    arguments, output = _search_texts(detail) if is_search else _function_texts(detail)
    if not readable:
        return ToolCallRow(name=name, arguments="", output="" if output is not None else None)
    return ToolCallRow(name=name, arguments=arguments, output=output)


def _function_texts(detail: dict[str, Any]) -> tuple[str, str | None]:
    return str(detail.get("arguments", "")), detail.get("output")


def _search_texts(detail: dict[str, Any]) -> tuple[str, str]:
    """Return the queries, one a line; and the files with a passage that was found, each with its score."""
    results = [f"{result['score']:.2f}  {result['file_name']}" for result in detail.get("results") or []]
    return "\n".join(detail.get("queries", [])), "\n".join(results) or gettext("Nothing was found.")
