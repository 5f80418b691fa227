"""Open and close the messages and steps of a run, and end it, each with its events in order (reference, section 7.2).

Call these inside a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from chat.events import types
from chat.events.types import Event
from chat.models import Message, Run, RunStatus, RunStep, StepStatus, StepType
from chat.models.api_objects.objects import Object, message_object, run_object, step_object, usage_object, usage_of
from chat.models.prepared_queries import Parameter, PreparedQuery, PreparedUpdate, insert
from chat.models.resource_uses import add_uses, linked_files
from chat.models.runs import HELD
from chat.providers.base import Usage
from chat.providers.tool_names import CODE_INTERPRETER, FUNCTION
from chat.retrieval.keywords import chats
from chat.tools import code_interpreter

NewEvents = list[tuple[str, Object]]
REDUNDANT = {types.STEP_IN_PROGRESS, types.MESSAGE_IN_PROGRESS}  # each right after its ``created``: not in timelines


class HoldLost(Exception):
    """Another process ended the run, or took it over, while a worker that was cut off went on with it."""


@dataclass(frozen=True, slots=True)
class TerminalOutcome:
    """``reason`` is why an open message is incomplete; empty: it is complete."""

    event: str
    step: StepStatus
    reason: str = ""


ENDINGS = {
    RunStatus.COMPLETED: TerminalOutcome(types.RUN_COMPLETED, StepStatus.COMPLETED),
    RunStatus.INCOMPLETE: TerminalOutcome(types.RUN_INCOMPLETE, StepStatus.COMPLETED, "max_tokens"),
    RunStatus.FAILED: TerminalOutcome(types.RUN_FAILED, StepStatus.FAILED, "run_failed"),
    RunStatus.CANCELLED: TerminalOutcome(types.RUN_CANCELLED, StepStatus.CANCELLED, "run_cancelled"),
    RunStatus.EXPIRED: TerminalOutcome(types.RUN_EXPIRED, StepStatus.EXPIRED, "run_expired"),
}
STEP_INSTANTS = {
    StepStatus.COMPLETED: ("completed_at", types.STEP_COMPLETED),
    StepStatus.FAILED: ("failed_at", types.STEP_FAILED),
    StepStatus.CANCELLED: ("cancelled_at", types.STEP_CANCELLED),
}


@dataclass(frozen=True, slots=True)
class OpenRows:
    """The messages and steps of a run that are open, with the columns that their end saves, and the run's ``usage``."""

    messages: Sequence[Message]
    steps: Sequence[RunStep]
    usage: Usage


@PreparedQuery
def held_runs(pk: Parameter, worker: Parameter) -> QuerySet[Run, tuple[int, str, datetime | None]]:
    # Without the key's lock: the rows that are inserted for the run take that one.
    locked = Run.objects.select_for_update(no_key=True)
    return locked.filter(pk=pk, worker=worker, status__in=HELD).values_list("seq", "status", "expires_at")


@PreparedUpdate
def told_runs(pk: Parameter) -> QuerySet[Run]:
    return Run.objects.filter(pk=pk)


@PreparedUpdate
def open_messages(pk: Parameter) -> QuerySet[Message]:
    return Message.objects.filter(pk=pk, status=Message.Status.IN_PROGRESS)


@PreparedUpdate
def open_steps(pk: Parameter) -> QuerySet[RunStep]:
    return RunStep.objects.filter(pk=pk, status=StepStatus.IN_PROGRESS)


def check_held(run: Run, *, worker: str) -> int:
    """Return the number of the last event of ``run`` in the rows.

    Raise ``HoldLost`` unless ``worker`` holds the run, which it then does until the transaction ends. The object gets
    the row's status and expiry: a cancel may have come, and a try that failed has changed the object.
    """
    held = held_runs.first(run.pk, worker)
    if held is None:
        raise HoldLost
    last, run.status, run.expires_at = held
    return last


def end(
    run: Run, to: RunStatus, *, open_rows: OpenRows | None = None, reason: str | None = None, **fields: Any
) -> NewEvents:
    """Move ``run``, which is locked, to the terminal status ``to``. Close ``open_rows``, None: those of the database.

    Return the events, none if someone else moved the run first. ``fields`` are columns of the run (``last_error`` …).
    """
    before, rows = copy(run), open_rows or _read_open_rows(run)
    if not run.move(to, usage=usage_object(rows.usage), **fields):
        return []
    ending = ENDINGS[to]
    new_events: NewEvents = (
        [(types.RUN_CANCELLING, run_object(before))] if before.status == RunStatus.CANCELLING else []
    )
    for message in rows.messages:
        new_events += close_message(message, run=run, reason=ending.reason if reason is None else reason)
    for step in rows.steps:
        # Told before the run's own end, so with the expiry that the run still had.
        new_events += close_step(step, run=before, to=ending.step, error=run.last_error)
    return [*new_events, (ending.event, run_object(run))]


def _read_open_rows(run: Run) -> OpenRows:
    steps = list(RunStep.objects.filter(run=run))
    return OpenRows(
        messages=list(Message.objects.filter(run_id=run.id, status=Message.Status.IN_PROGRESS)),
        steps=[step for step in steps if step.status == StepStatus.IN_PROGRESS],
        usage=sum((usage_of(step.usage) for step in steps if step.usage), Usage()),
    )


def close_message(message: Message, *, run: Run, reason: str = "") -> NewEvents:
    """Save an open message of ``run``, which is complete, or incomplete for ``reason`` (reference, section 6.2).

    The files that its text links to become its attachments.

    Return the event; none, and nothing is saved, if it was closed before.
    """
    now = timezone.now()
    linked = dict.fromkeys(linked_files(message.content))
    attachments = [{"file_id": file_id, "tools": [{"type": CODE_INTERPRETER}]} for file_id in linked]
    columns: dict[str, Any] = {"content": message.content, "attachments": attachments}
    if reason:
        columns |= {"status": Message.Status.INCOMPLETE, "incomplete_reason": reason, "incomplete_at": now}
    else:
        columns |= {"status": Message.Status.COMPLETED, "completed_at": now}
    if not _save_open(message, columns):
        return []
    add_uses(message)
    chats.add_message(message, owner_id=run.thread.owner_id)
    return [(types.MESSAGE_INCOMPLETE if reason else types.MESSAGE_COMPLETED, message_object(message))]


def close_step(
    step: RunStep,
    *,
    run: Run,
    to: StepStatus,
    calls: list[Object] | None = None,
    error: Object | None = None,
    usage: Usage | None = None,
) -> NewEvents:
    """Save an open step as ``to``, which has no instant for expired; its details as they are, or with ``calls``.

    ``error`` is why it failed; ``usage`` None leaves its usage as it is. Return the event; none, and nothing is saved,
    if it was closed before.
    """
    instant, event = STEP_INSTANTS.get(to, (None, types.STEP_EXPIRED))
    columns: dict[str, Any] = {"status": to, "usage": step.usage if usage is None else usage_object(usage)}
    columns["details"] = step.details if calls is None else {"type": "tool_calls", "tool_calls": calls}
    if any(call["type"] == CODE_INTERPRETER for call in columns["details"].get("tool_calls", ())):
        columns["details"] = code_interpreter.interrupt_open_calls(columns["details"])
    if instant:
        columns[instant] = timezone.now()
    if to == StepStatus.FAILED:
        columns["last_error"] = error
    if not _save_open(step, columns):
        return []
    if calls is not None:
        add_uses(step)
    return [(event, step_object(step, run=run))]


def save_calls(step: RunStep, calls: list[Object], *, usage: Usage | None = None) -> None:
    """Have an open ``step`` list ``calls``. ``usage`` None leaves its usage as it is."""
    details = {"type": "tool_calls", "tool_calls": calls}
    if _save_open(step, {"details": details, "usage": step.usage if usage is None else usage_object(usage)}):
        add_uses(step)


def _save_open(row: Message | RunStep, columns: Mapping[str, Any]) -> bool:
    """Set ``columns`` of ``row`` if its message or step is open, in one UPDATE. Return whether it was."""
    rows = open_messages if isinstance(row, Message) else open_steps
    was_open = rows.update(row.pk, **columns) == 1
    for name, value in columns.items():
        setattr(row, name, value)
    return was_open


def number_events(run: Run, new_events: NewEvents) -> list[Event]:
    """Number ``new_events`` within the run and keep them in its timeline. Call inside the transaction."""
    events = _numbered(run, new_events)
    timeline = [entry for entry in run.timeline or () if entry[0] <= run.seq]  # a try that failed has added to it
    run.timeline = [*timeline, *timeline_entries(events, after=timezone.now() - run.created_at)]
    run.seq += len(events)
    told_runs.update(run.pk, seq=run.seq, timeline=run.timeline)
    return events


def _numbered(run: Run, new_events: NewEvents) -> list[Event]:
    return [Event(run.id, run.seq + place, name, data) for place, (name, data) in enumerate(new_events, start=1)]


def add_answered_calls(run: Run, calls: Sequence[Mapping[str, str]]) -> None:
    """Insert a completed step of function calls, each ``{"id", "name", "arguments", "output"}``, into a new run."""
    listed = [
        {"id": call["id"], "type": FUNCTION, FUNCTION: {name: call[name] for name in ("name", "arguments", "output")}}
        for call in calls
    ]
    details = {"type": StepType.TOOL_CALLS.value, "tool_calls": listed}
    RunStep.objects.create(
        run=run, type=StepType.TOOL_CALLS, status=StepStatus.COMPLETED, details=details, completed_at=timezone.now()
    )


def insert_run(**columns: Any) -> tuple[Run, list[Event]]:
    """Insert a run of these ``columns``, with its first events."""
    run = Run(**columns)
    created = run_object(run)
    events = _numbered(run, [(types.RUN_CREATED, created), (types.RUN_QUEUED, created)])
    run.seq, run.timeline = len(events), timeline_entries(events, after=timedelta(0))
    return insert(run), events


def timeline_entries(events: Sequence[Event], *, after: timedelta) -> list[list[Any]]:
    """Return the entries of a run's timeline for ``events``, ``after`` it was created."""
    return [
        [event.seq, event.name, round(after.total_seconds(), 3), _note(event)]
        for event in events
        if event.name not in REDUNDANT
    ]


def _note(event: Event) -> str:
    """Return what staff see at a glance: why it failed, or is incomplete."""
    reason = event.data.get("last_error") or event.data.get("incomplete_details") or {}
    return str(reason.get("message") or reason.get("reason") or "")[:500]


def open_message(run: Run) -> tuple[Message, RunStep, NewEvents]:
    """An empty answer, and the step that writes it."""
    message = insert(
        Message(
            thread_id=run.thread_id,
            run_id=run.id,
            assistant_id=run.assistant_id,
            role=Message.Role.ASSISTANT,
            status=Message.Status.IN_PROGRESS,
        )
    )
    details = {"type": "message_creation", "message_creation": {"message_id": message.id}}
    step, new_events = open_step(run, StepType.MESSAGE_CREATION, details)
    message_data = message_object(message)
    return (
        message,
        step,
        [*new_events, (types.MESSAGE_CREATED, message_data), (types.MESSAGE_IN_PROGRESS, message_data)],
    )


def open_step(run: Run, type: StepType, details: Object) -> tuple[RunStep, NewEvents]:
    """Insert a step with these ``details``, which is in progress."""
    row = insert(RunStep(run=run, type=type, details=details))
    step = step_object(row, run=run)
    return row, [(types.STEP_CREATED, step), (types.STEP_IN_PROGRESS, step)]
