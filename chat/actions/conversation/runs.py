"""Runs: start, cancel, hand in tool outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from chat.actions.assistants import assistants, tool_resources
from chat.actions.conversation import messages, threads
from chat.actions.notify import tell
from chat.engine.recording import run_lifecycle
from chat.errors import Absent, InvalidRequest, InvalidThread, ThreadBusy, WrongRunStatus
from chat.events import types
from chat.models import Assistant, Message, Run, RunStatus, RunStep, StepStatus, StepType, Thread, User
from chat.models.objects import run_object
from chat.models.runs import RunQuerySet
from chat.providers.tool_names import FUNCTION

# What a run takes from its assistant unless it is told otherwise (reference, section 6.1).
INHERITED = (
    "model",
    "instructions",
    "tools",
    "tool_resources",
    "temperature",
    "top_p",
    "reasoning_effort",
    "response_format",
)


def get(user: User, thread_id: str, run_id: str) -> Run:
    """A run of the user's thread, else ``Absent``."""
    run = of(user, thread_id).filter(id=run_id).first()
    if run is None:
        raise Absent("run", run_id)
    return run


def of(user: User, thread_id: str) -> RunQuerySet:
    """The runs of the user's thread. Raises ``Absent``."""
    return Run.objects.filter(thread=threads.get(user, thread_id))


@transaction.atomic
def start(
    thread: Thread,
    *,
    assistant: Assistant,
    additional_instructions: str | None = None,
    additional_messages: Sequence[Mapping[str, Any]] | None = None,
    **settings: Any,
) -> Run:
    """A queued run of ``assistant`` on ``thread``; a worker takes it as soon as this is committed.

    ``settings`` override the assistant's (the API's, reference section 6.1; None: the assistant's), frozen from now on.
    ``additional_messages`` are posted first (arguments of ``entries.add``). Raises ``InvalidThread`` when there is
    nothing to run on, ``InvalidRequest`` for settings that cannot be, and ``ThreadBusy`` when a run is live on the
    thread, which is decided by the database.
    """
    if additional_messages and (live := thread.live_run()):
        raise _busy(thread, live)
    for message in additional_messages or ():
        messages.add(thread, **message)
    frozen = frozen_settings(assistant, thread=thread, settings=settings)  # with what these messages have attached
    if additional_instructions:
        frozen["instructions"] = "\n\n".join(filter(None, [frozen["instructions"], additional_instructions]))
    if not frozen["instructions"] and not thread.messages.filter(role=Message.Role.USER).exists():
        raise InvalidThread
    try:
        with transaction.atomic():
            run = Run.objects.create(thread=thread, assistant=assistant, **frozen)
    except IntegrityError:
        raise _busy(thread, thread.live_run()) from None
    Thread.objects.filter(pk=thread.pk, assistant=None).update(assistant=assistant)  # whom the chat page asks next
    thread.touch()
    shown = run_object(run)
    tell(thread.id, run_lifecycle.number(run, [(types.RUN_CREATED, shown), (types.RUN_QUEUED, shown)]))
    return run


def frozen_settings(assistant: Assistant, *, thread: Thread, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a run: the assistant's, or what ``settings`` say instead."""
    given = {name: value for name, value in settings.items() if value is not None}
    chosen = {name: getattr(assistant, name) for name in INHERITED} | assistants.columns(thread.owner, given)
    check_choice(chosen.get("tool_choice", "auto"), tools=chosen["tools"])
    chosen["tool_resources"] = tool_resources.effective(chosen["tool_resources"], thread.tool_resources)
    return chosen


def check_choice(choice: str | Mapping[str, Any], *, tools: Sequence[Mapping[str, Any]]) -> None:
    """Raises ``InvalidRequest`` when a function is to be called that is not there."""
    if isinstance(choice, str) or choice["type"] != FUNCTION:
        return
    name = choice["function"]["name"]
    if name not in [tool["function"]["name"] for tool in tools if tool["type"] == FUNCTION]:
        raise InvalidRequest(
            f"Invalid value for 'tool_choice': the run has no function named {name!r}. Add it to the tools, or choose"
            " one that is there.",
            param="tool_choice",
            code="invalid_value",
        )


def _busy(thread: Thread, live: Run | None) -> ThreadBusy:
    return ThreadBusy(f"Thread {thread.id} already has an active run {live.id if live else ''}.")


def update(run: Run, *, metadata: dict[str, str]) -> Run:
    """Replace the metadata, in any status."""
    Run.objects.filter(pk=run.pk).update(metadata=metadata)
    run.metadata = metadata
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

    The output of the only call needs no id.
    Raises ``WrongRunStatus`` when none are awaited, ``InvalidRequest`` when not exactly those.
    """
    run.refresh_from_db(from_queryset=Run.objects.select_for_update())
    if run.status != RunStatus.REQUIRES_ACTION or run.required_action is None:
        raise WrongRunStatus(f'Runs in status "{run.status}" do not accept tool outputs.')
    pending = [call["id"] for call in run.required_action["submit_tool_outputs"]["tool_calls"]]
    only = pending[0] if len(pending) == 1 else ""
    got = [output.get("tool_call_id") or only for output in outputs]
    if "" in got:
        param = f"tool_outputs[{got.index('')}].tool_call_id"
        raise InvalidRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    if sorted(got) != sorted(pending):
        raise InvalidRequest(f"Expected tool outputs for call_ids {pending}, got {got}")
    step = RunStep.objects.filter(run=run, type=StepType.TOOL_CALLS, status=StepStatus.IN_PROGRESS).get()
    for call in (call for call in step.details["tool_calls"] if call["type"] == FUNCTION):
        call["function"]["output"] = outputs[got.index(call["id"])].get("output") or ""
    step.save(update_fields=["details"])
    run.move(RunStatus.QUEUED, required_action=None)  # cannot lose: the row is locked since it was read
    told = [run_lifecycle.close_step(step, run=run, to=StepStatus.COMPLETED), (types.RUN_QUEUED, run_object(run))]
    tell(run.thread_id, run_lifecycle.number(run, told))
    return run
