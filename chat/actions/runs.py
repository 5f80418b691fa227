"""Runs: start, cancel, hand in tool outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from chat.actions import threads
from chat.actions.wakeups import tell
from chat.engine import endings
from chat.errors import InvalidRequest, InvalidThread, NotFound, ThreadBusy, WrongRunStatus
from chat.events import types
from chat.models import Assistant, Message, Run, RunStatus, RunStep, StepStatus, StepType, Thread, User
from chat.models.objects import run_object


def get(user: User, thread_id: str, run_id: str) -> Run:
    """A run of the user's thread, else ``NotFound``."""
    run = Run.objects.filter(thread=threads.get(user, thread_id), id=run_id).first()
    if run is None:
        raise NotFound(f"No run found with id '{run_id}'.")
    return run


@transaction.atomic
def start(thread: Thread, *, assistant: Assistant, **settings: Any) -> Run:
    """A queued run of ``assistant`` on ``thread``; a worker takes it as soon as this is committed.

    ``settings`` override the assistant's (columns of ``Run``), frozen from now on. Raises ``InvalidThread`` when there
    is nothing to run on, and ``ThreadBusy`` when a run is live on the thread, which is decided by the database.
    """
    frozen = {
        "model": assistant.model,
        "instructions": assistant.instructions,
        "tools": assistant.tools,
        "tool_resources": assistant.tool_resources,
        "temperature": assistant.temperature,
        "top_p": assistant.top_p,
        "reasoning_effort": assistant.reasoning_effort,
        "response_format": assistant.response_format,
    } | settings
    if not frozen["instructions"] and not thread.messages.filter(role=Message.Role.USER).exists():
        raise InvalidThread
    try:
        with transaction.atomic():
            run = Run.objects.create(thread=thread, assistant=assistant, **frozen)
    except IntegrityError:
        live = thread.live_run()
        raise ThreadBusy(f"Thread {thread.id} already has an active run {live.id if live else ''}.") from None
    thread.touch()
    shown = run_object(run)
    tell(thread.id, endings.number(run, [(types.RUN_CREATED, shown), (types.RUN_QUEUED, shown)]))
    return run


@transaction.atomic
def cancel(run: Run) -> Run:
    """Ask for the end of a live run; a worker stops it and keeps the partial answer. Returns it as cancelling.

    Raises ``WrongRunStatus`` when it has ended or is being cancelled already.
    """
    if not run.move(RunStatus.CANCELLING):
        run.refresh_from_db(fields=["status"])
        raise WrongRunStatus(f"Cannot cancel run with status '{run.status}'.")
    tell(run.thread_id, [])
    return run


@transaction.atomic
def submit_tool_outputs(run: Run, *, outputs: Sequence[Mapping[str, Any]]) -> Run:
    """Hand in the outputs of all pending calls, ``[{"tool_call_id", "output"}]``; the run goes on, queued.

    Raises ``WrongRunStatus`` when none are awaited, ``InvalidRequest`` when not exactly those.
    """
    run.refresh_from_db(from_queryset=Run.objects.select_for_update())
    if run.status != RunStatus.REQUIRES_ACTION or run.required_action is None:
        raise WrongRunStatus(f'Runs in status "{run.status}" do not accept tool outputs.')
    pending = [call["id"] for call in run.required_action["submit_tool_outputs"]["tool_calls"]]
    given = {str(output.get("tool_call_id")): output.get("output") or "" for output in outputs}
    if sorted(given) != sorted(pending) or len(outputs) != len(pending):
        got = [str(output.get("tool_call_id")) for output in outputs]
        raise InvalidRequest(f"Expected tool outputs for call_ids {pending}, got {got}")
    step = RunStep.objects.filter(run=run, type=StepType.TOOL_CALLS, status=StepStatus.IN_PROGRESS).get()
    for call in step.details["tool_calls"]:
        call["function"]["output"] = str(given[call["id"]])
    step.save(update_fields=["details"])
    run.move(RunStatus.QUEUED, required_action=None)  # cannot lose: the row is locked since it was read
    told = [endings.close_step(step, run=run, to=StepStatus.COMPLETED), (types.RUN_QUEUED, run_object(run))]
    tell(run.thread_id, endings.number(run, told))
    return run
