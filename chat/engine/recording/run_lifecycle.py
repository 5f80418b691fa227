"""Open and close the messages and steps of a run, and end it, each with its events in order (reference, section 7.2).

Call these inside a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from chat.engine.turn import run_limits
from chat.events import types
from chat.events.types import Event
from chat.models import Message, Run, RunEvent, RunStatus, RunStep, StepStatus, StepType
from chat.models.api_objects.objects import Object, message_object, run_object, step_object, usage_object
from chat.models.resource_uses import add_uses
from chat.providers.base import Usage
from chat.tools import code_interpreter

NewEvents = list[tuple[str, Object]]


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
CREATED_EVENTS = 2  # created and queued: the ``seq`` of a new run
STEP_INSTANTS = {
    StepStatus.COMPLETED: ("completed_at", types.STEP_COMPLETED),
    StepStatus.FAILED: ("failed_at", types.STEP_FAILED),
    StepStatus.CANCELLED: ("cancelled_at", types.STEP_CANCELLED),
}


def end(run: Run, to: RunStatus, *, reason: str | None = None, **fields: Any) -> NewEvents:
    """Move ``run`` to the terminal status ``to`` and close its open message and step. Return the events, none if
    someone else moved the run first.

    ``fields`` are columns of the run (``last_error`` …); its usage is the sum of its steps' if it is not among them.
    """
    before = Run.objects.filter(pk=run.pk).first()
    if "usage" not in fields:
        fields["usage"] = usage_object(run_limits.tokens_used(run))
    if before is None or not run.move(to, **fields):
        return []
    ending = ENDINGS[to]
    new_events: NewEvents = (
        [(types.RUN_CANCELLING, run_object(before))] if before.status == RunStatus.CANCELLING else []
    )
    for message in Message.objects.filter(run_id=run.id, status=Message.Status.IN_PROGRESS):
        new_events.append(close_message(message, reason=ending.reason if reason is None else reason))
    for step in RunStep.objects.filter(run=run, status=StepStatus.IN_PROGRESS):
        # Told before the run's own end, so with the expiry that the run still had.
        new_events.append(close_step(step, run=before, to=ending.step, error=run.last_error))
    new_events.append((ending.event, run_object(run)))
    return new_events


def close_message(message: Message, *, reason: str = "") -> tuple[str, Object]:
    """Complete, or incomplete for ``reason`` (reference, section 6.2)."""
    now = timezone.now()
    if reason:
        message.status, message.incomplete_reason, message.incomplete_at = Message.Status.INCOMPLETE, reason, now
    else:
        message.status, message.completed_at = Message.Status.COMPLETED, now
    message.save(update_fields=["status", "incomplete_reason", "incomplete_at", "completed_at"])
    name = types.MESSAGE_INCOMPLETE if reason else types.MESSAGE_COMPLETED
    return name, message_object(message)


def close_step(
    step: RunStep, *, run: Run, to: StepStatus, error: Object | None = None, usage: Usage | None = None
) -> tuple[str, Object]:
    """Close ``step`` as ``to``. ``error`` is why it failed; ``usage`` None leaves its usage as it is.

    A step has no instant of its own for expired.
    """
    instant, event = STEP_INSTANTS.get(to, (None, types.STEP_EXPIRED))
    step.status = to
    step.details = code_interpreter.interrupt_open_calls(step.details)
    if instant:
        setattr(step, instant, timezone.now())
    if to == StepStatus.FAILED:
        step.last_error = error
    if usage is not None:
        step.usage = usage_object(usage)
    step.save(update_fields=["status", "details", "usage", "last_error", "completed_at", "failed_at", "cancelled_at"])
    return event, step_object(step, run=run)


def close_calls(step: RunStep, calls: list[Object], *, run: Run, usage: Usage) -> tuple[str, Object]:
    """Close a step whose ``calls`` all have their outputs."""
    step.details = {"type": "tool_calls", "tool_calls": calls}
    event = close_step(step, run=run, to=StepStatus.COMPLETED, usage=usage)
    add_uses(step)
    return event


def save_usage(step: RunStep, usage: Usage) -> None:
    """Save the tokens of the turn that ``step`` records."""
    step.usage = usage_object(usage)
    step.save(update_fields=["usage"])


def number_events(run: Run, new_events: NewEvents) -> list[Event]:
    """Number ``new_events`` within the run and keep them in its timeline. Call inside the transaction."""
    events = _keep_in_timeline(run, new_events, after=run.seq)
    run.seq += len(events)
    Run.objects.filter(pk=run.pk).update(seq=run.seq)
    return events


def created_events(run: Run) -> list[Event]:
    """Keep the first events of a run in its timeline. The run was inserted with their number, ``CREATED_EVENTS``."""
    created = run_object(run)
    return _keep_in_timeline(run, [(types.RUN_CREATED, created), (types.RUN_QUEUED, created)], after=0)


def _keep_in_timeline(run: Run, new_events: NewEvents, *, after: int) -> list[Event]:
    events = [Event(run.id, after + place, name, data) for place, (name, data) in enumerate(new_events, start=1)]
    RunEvent.objects.bulk_create(
        RunEvent(run_id=run.id, seq=event.seq, name=event.name, note=_note(event.data)) for event in events
    )
    return events


def _note(data: Object) -> str:
    """Return the reason that staff want to see of an event at a glance."""
    why = data.get("last_error") or data.get("incomplete_details") or {}
    return str(why.get("message") or why.get("reason") or "")[:500]


def open_message(run: Run) -> tuple[Message, RunStep, NewEvents]:
    """An empty answer, and the step that writes it."""
    message = Message.objects.create(
        thread_id=run.thread_id,
        run_id=run.id,
        assistant_id=run.assistant_id,
        role=Message.Role.ASSISTANT,
        status=Message.Status.IN_PROGRESS,
    )
    details = {"type": "message_creation", "message_creation": {"message_id": message.id}}
    step, new_events = _open_step(run, StepType.MESSAGE_CREATION, details)
    message_data = message_object(message)
    return (
        message,
        step,
        [*new_events, (types.MESSAGE_CREATED, message_data), (types.MESSAGE_IN_PROGRESS, message_data)],
    )


def open_calls(run: Run) -> tuple[RunStep, NewEvents]:
    """A step that calls tools, none so far."""
    return _open_step(run, StepType.TOOL_CALLS, {"type": "tool_calls", "tool_calls": []})


def save_calls(step: RunStep, calls: list[Object]) -> None:
    """Have ``step`` list ``calls``."""
    step.details = {"type": "tool_calls", "tool_calls": calls}
    step.save(update_fields=["details"])
    add_uses(step)


def show_calls(step: RunStep, calls: list[Object]) -> None:
    """Have ``step`` list ``calls``, unless ``step`` was closed meanwhile."""
    step.details = {"type": "tool_calls", "tool_calls": calls}
    if RunStep.objects.filter(pk=step.pk, status=StepStatus.IN_PROGRESS).update(details=step.details):
        add_uses(step)


def _open_step(run: Run, type: StepType, details: Object) -> tuple[RunStep, NewEvents]:
    row = RunStep.objects.create(run=run, type=type, details=details)
    step = step_object(row, run=run)
    return row, [(types.STEP_CREATED, step), (types.STEP_IN_PROGRESS, step)]
