"""How what a run does begins: the rows of messages and steps, and in which order it is told (reference, section 7.2).

Call these inside a transaction.
"""

from __future__ import annotations

from chat.engine.endings import Told
from chat.events import types
from chat.models import Message, Run, RunStep, StepType
from chat.models.objects import Object, message_object, step_object


def open_message(run: Run) -> tuple[Message, RunStep, Told]:
    """An empty answer, and the step that writes it."""
    message = Message.objects.create(
        thread_id=run.thread_id,
        run_id=run.id,
        assistant_id=run.assistant_id,
        role=Message.Role.ASSISTANT,
        status=Message.Status.IN_PROGRESS,
    )
    details = {"type": "message_creation", "message_creation": {"message_id": message.id}}
    step, told = _open_step(run, StepType.MESSAGE_CREATION, details)
    shown = message_object(message)
    return message, step, [*told, (types.MESSAGE_CREATED, shown), (types.MESSAGE_IN_PROGRESS, shown)]


def open_calls(run: Run) -> tuple[RunStep, Told]:
    """A step that calls tools, none so far."""
    return _open_step(run, StepType.TOOL_CALLS, {"type": "tool_calls", "tool_calls": []})


def _open_step(run: Run, type: StepType, details: Object) -> tuple[RunStep, Told]:
    row = RunStep.objects.create(run=run, type=type, details=details)
    step = step_object(row, run=run)
    return row, [(types.STEP_CREATED, step), (types.STEP_IN_PROGRESS, step)]
