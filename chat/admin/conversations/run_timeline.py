"""A run as a story: what happened when, and what it did in each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.admin.conversations import files as thread_files
from chat.admin.conversations.code_calls import TOOL, CodeCall, code_call
from chat.admin.shared.durations_and_costs import between, spoken
from chat.events import types
from chat.models import File, Message, Run, RunStep, StepType

WORDS: dict[str, Promise] = {
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
# Each comes right after its ``created`` and says nothing more.
ECHOES = {types.STEP_IN_PROGRESS, types.MESSAGE_IN_PROGRESS}
BAD = {types.RUN_FAILED, types.RUN_EXPIRED, types.RUN_INCOMPLETE, types.STEP_FAILED, types.STEP_EXPIRED}
GOOD = {types.RUN_COMPLETED}


@dataclass(frozen=True, slots=True)
class Moment:
    """One event. ``after`` is the time since the run was created, in words."""

    at: datetime
    after: str
    name: str
    words: str
    note: str
    tone: str


def moments(run: Run) -> list[Moment]:
    return [
        Moment(
            at=event.created_at,
            after=spoken(event.created_at - run.created_at),
            name=event.name,
            words=str(WORDS.get(event.name, event.name)),
            note=event.note,
            tone="bad" if event.name in BAD else "good" if event.name in GOOD else "",
        )
        for event in run.events.all()
        if event.name not in ECHOES
    ]


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of a step. ``output`` is None while it is awaited. Both texts are empty for who may not read them."""

    name: str
    arguments: str
    output: str | None


@dataclass(frozen=True, slots=True)
class Deed:
    """One step, with what it wrote or called."""

    step: RunStep
    after: str
    took: str
    text: str
    calls: list[Call | CodeCall]


def deeds(run: Run, *, readable: bool) -> list[Deed]:
    """The steps in order. Without ``readable`` there is not a word of what was written or handed to a tool in them."""
    texts = {message.id: message.text for message in Message.objects.filter(run_id=run.id)} if readable else {}
    files = thread_files.present(run.thread, thread_files.in_run(run)) if readable else {}
    return [
        Deed(
            step=step,
            after=spoken(step.created_at - run.created_at),
            took=spoken(between(step.created_at, step.completed_at or step.failed_at or step.cancelled_at)),
            text=texts.get(step.details.get("message_creation", {}).get("message_id"), ""),
            calls=_calls(step, files=files, readable=readable),
        )
        for step in run.steps.all()
    ]


def _calls(step: RunStep, *, files: Mapping[str, File], readable: bool) -> list[Call | CodeCall]:
    if step.type != StepType.TOOL_CALLS:
        return []
    return [_call(call, files=files, readable=readable) for call in step.details.get("tool_calls", [])]


def _call(call: dict[str, Any], *, files: Mapping[str, File], readable: bool) -> Call | CodeCall:
    """Functions have a name and arguments; what other tools have to tell stands under their type."""
    detail = call.get(call["type"], {})
    if call["type"] == TOOL:
        return code_call(detail, files=files, readable=readable)
    name = detail.get("name", call["type"])
    arguments, output = _told_of_search(detail) if call["type"] == "file_search" else _told(detail)
    if not readable:
        return Call(name=name, arguments="", output="" if output is not None else None)
    return Call(name=name, arguments=arguments, output=output)


def _told(detail: dict[str, Any]) -> tuple[str, str | None]:
    return str(detail.get("arguments", "")), detail.get("output")


def _told_of_search(detail: dict[str, Any]) -> tuple[str, str]:
    """What was searched for, a query a line; and the files that were found, each with its score."""
    found = [f"{result['score']:.2f}  {result['file_name']}" for result in detail.get("results") or []]
    return "\n".join(detail.get("queries", [])), "\n".join(found) or gettext("Nothing was found.")
