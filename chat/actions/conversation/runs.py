"""The runs of a thread: find, start, cancel, submit tool outputs. All doors start runs here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from chat.actions import notify
from chat.actions.access import run_limits
from chat.actions.assistants import assistants
from chat.actions.assistants.tool_resources import LISTS, Resources
from chat.actions.conversation import messages, threads
from chat.actions.conversation.messages import clean_message
from chat.engine.recording import run_lifecycle
from chat.errors import Absent, InvalidRequest, InvalidThread, NotFound, ThreadBusy, WrongRunStatus, inside
from chat.events import types
from chat.models import Assistant, Message, Run, RunStatus, RunStep, StepStatus, StepType, Thread, User
from chat.models.api_objects.objects import run_object
from chat.models.runs import RunQuerySet, live_run
from chat.providers.tool_names import FILE_SEARCH, FUNCTION
from chat.tools import declarations

SEARCH_TOOL = declarations.normalised([{"type": FILE_SEARCH}])[0]  # with the defaults of its options
MOST_OUTPUT = 512 * 1024  # bytes of the outputs that are submitted together
# What a run takes from its assistant unless it is told otherwise.
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


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run of ``assistant`` that is to be started. ``settings`` (the API's) override the assistant's; None does not.

    ``additional_messages``, each the fields of ``clean_message``, are posted first. With ``searches_attachments`` the
    run searches the files of its thread even if the assistant has no file search. ``by_program``: it is not a person at
    a page who waits for it. It begins with the steps of ``answered_calls``, which a program had asked for and answered
    before: ``[[{"id", "name", "arguments", "output"}]]``.
    """

    assistant: Assistant
    settings: Mapping[str, Any] = field(default_factory=dict)
    additional_messages: Sequence[Mapping[str, Any]] = ()
    searches_attachments: bool = False
    by_program: bool = False
    answered_calls: Sequence[Sequence[Mapping[str, str]]] = ()


def get(user: User, thread_id: str, run_id: str) -> Run:
    """Return a run of the user's thread. Raise ``Absent``."""
    run = of_thread(user, thread_id).filter(id=run_id).first()
    if run is None:
        raise Absent("run", run_id)
    return run


def of_thread(user: User, thread_id: str) -> RunQuerySet:
    """Return the runs of the user's thread. Raise ``Absent``."""
    return Run.objects.filter(thread=threads.get(user, thread_id))


@transaction.atomic
def create(user: User, thread_id: str, **fields: Any) -> Run:
    """Start a run as programs do, of the fields of ``new_run``. Raise ``Absent``, and as it and ``start``."""
    thread = threads.lock(user, thread_id)
    return start(thread, new_run(thread, **fields))


def new_run(
    thread: Thread,
    *,
    assistant_id: str | None,
    additional_messages: Sequence[Mapping[str, Any]] | None = None,
    **settings: Any,
) -> NewRun:
    """Return the run that a program describes in the API's fields. Raise as ``assistant_of``."""
    return NewRun(
        assistant_of(thread, assistant_id), settings, additional_messages=additional_messages or (), by_program=True
    )


def assistant_of(thread: Thread, assistant_id: str | None = None) -> Assistant:
    """Return the assistant of this id, None: the one that the thread asks.

    Raise ``NotFound`` when there is none that the owner of the thread may use.
    """
    if assistant_id is not None:
        return assistants.get(thread.owner, assistant_id)
    if thread.assistant_id is None:
        raise NotFound(_("Choose an assistant for this chat first."))
    try:
        return assistants.get(thread.owner, thread.assistant_id)
    except NotFound:
        raise NotFound(_("The assistant of this chat is no longer there. Choose another one.")) from None


@transaction.atomic
def start(thread: Thread, new: NewRun, *, has_waited: bool = False) -> Run:
    """Start a run on ``thread``, which is locked or new. A worker takes it as soon as this is committed.

    ``has_waited``: the thread was counted among its owner's already, so that no limit of runs is in the way.

    Raise ``InvalidThread`` when there is nothing to run on, ``InvalidRequest`` for messages or settings that cannot be,
    ``TooManyRuns`` when the owner has as many as they may, and ``ThreadBusy`` when a run is live on the thread, which
    is decided by the database.
    """
    if new.additional_messages and (live := live_run(thread)):
        raise _busy(thread, live)
    for index, fields in enumerate(new.additional_messages):
        with inside(f"additional_messages[{index}]"):
            messages.add(thread, clean_message(thread.owner, **fields))
    settings = frozen_settings(thread, new)
    if not settings["instructions"] and not thread.messages.filter(role=Message.Role.USER).exists():
        raise InvalidThread
    if not has_waited:
        run_limits.check(thread, by_program=new.by_program)
    try:
        with transaction.atomic():
            run, events = run_lifecycle.insert_run(
                thread=thread,
                assistant=new.assistant,
                assistant_name=new.assistant.name,
                by_program=new.by_program,
                **settings,
            )
    except IntegrityError:
        raise _busy(thread, live_run(thread)) from None
    for calls in new.answered_calls:
        run_lifecycle.add_answered_calls(run, calls)
    if thread.assistant_id is None:
        thread.assistant = new.assistant  # the chat page asks it next
    thread.touch()
    notify.after_commit(thread.id, events)
    return run


def _busy(thread: Thread, live: Run | None) -> ThreadBusy:
    return ThreadBusy(f"Thread {thread.id} already has an active run {live.id if live else ''}.")


def update(run: Run, *, metadata: dict[str, str]) -> Run:
    """Replace the metadata, in any status."""
    Run.objects.filter(pk=run.pk).update(metadata=metadata)
    run.metadata = metadata
    return run


@transaction.atomic
def cancel(run: Run) -> Run:
    """Ask for the end of a live run; a worker stops it and keeps the partial answer. Return it as cancelling.

    Raise ``WrongRunStatus`` when it has ended or is being cancelled already, ``Absent`` when it was deleted.
    """
    if not run.move(RunStatus.CANCELLING):
        _reload(run, Run.objects.all())
        raise WrongRunStatus(f"Cannot cancel run with status '{run.status}'.")
    notify.after_commit(run.thread_id, [])
    return run


@transaction.atomic
def abandon(run: Run) -> None:
    """End a run that waits for outputs which will not come, at once."""
    waiting = Run.objects.select_for_update().filter(pk=run.pk, status=RunStatus.REQUIRES_ACTION).first()
    if waiting is not None and waiting.move(RunStatus.CANCELLING):
        events = run_lifecycle.number_events(waiting, run_lifecycle.end(waiting, RunStatus.CANCELLED))
        notify.after_commit(run.thread_id, events)


@transaction.atomic
def submit_tool_outputs(run: Run, *, outputs: Sequence[Mapping[str, Any]]) -> Run:
    """Store the outputs of all pending calls, ``[{"tool_call_id", "output"}]``; the run goes on, queued.

    The output of the only call needs no id. Raise ``WrongRunStatus`` when none are awaited, ``Absent`` when the run was
    deleted, ``InvalidRequest`` when these are not exactly those that are awaited.
    """
    _reload(run, Run.objects.select_for_update())
    if run.status != RunStatus.REQUIRES_ACTION or run.required_action is None:
        raise WrongRunStatus(f'Runs in status "{run.status}" do not accept tool outputs.')
    if sum(len((output.get("output") or "").encode()) for output in outputs) >= MOST_OUTPUT:
        raise InvalidRequest(
            "'tool_outputs' too large: the combined tool outputs must be less than 512kb.",
            param="tool_outputs",
            code="invalid_value",
        )
    pending = [call["id"] for call in run.required_action["submit_tool_outputs"]["tool_calls"]]
    by_call = dict(zip(_call_ids(outputs, pending=pending), outputs, strict=True))
    step = RunStep.objects.filter(run=run, type=StepType.TOOL_CALLS, status=StepStatus.IN_PROGRESS).get()
    for call in step.details["tool_calls"]:
        if call["id"] in by_call:
            call["function"]["output"] = by_call[call["id"]].get("output") or ""
    run.move(RunStatus.QUEUED, required_action=None)  # cannot lose: the row is locked since it was read
    changes = [*run_lifecycle.close_step(step, run=run, to=StepStatus.COMPLETED), (types.RUN_QUEUED, run_object(run))]
    notify.after_commit(run.thread_id, run_lifecycle.number_events(run, changes))
    return run


def _reload(run: Run, rows: RunQuerySet) -> None:
    """Read ``run`` again. Raise ``Absent`` if it was deleted meanwhile."""
    try:
        run.refresh_from_db(from_queryset=rows)
    except Run.DoesNotExist:
        raise Absent("run", run.id) from None


def _call_ids(outputs: Sequence[Mapping[str, Any]], *, pending: Sequence[str]) -> list[str]:
    """Return the id of the call that each output belongs to. Raise ``InvalidRequest`` if these are not ``pending``."""
    only = pending[0] if len(pending) == 1 else ""
    call_ids = [output.get("tool_call_id") or only for output in outputs]
    if "" in call_ids:
        param = f"tool_outputs[{call_ids.index('')}].tool_call_id"
        raise InvalidRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    if sorted(call_ids) != sorted(pending):
        raise InvalidRequest(f"Expected tool outputs for call_ids {pending}, got {call_ids}")
    return call_ids


# --- settings, frozen when a run starts (reference, section 6.1) ------------------------------------------------------


def frozen_settings(thread: Thread, new: NewRun) -> dict[str, Any]:
    """Return the columns of a run. Raise ``InvalidRequest`` for settings that cannot be, ``NotFound`` for files."""
    columns = {name: getattr(new.assistant, name) for name in INHERITED} | {"tool_choice": "auto"}
    overrides = {name: value for name, value in new.settings.items() if value is not None}
    additional_instructions = overrides.pop("additional_instructions", "")
    if overrides:
        columns |= assistants.columns(thread.owner, overrides)
        check_choice(columns["tool_choice"], tools=columns["tools"])
    if not assistants.sees_settings(thread.owner, new.assistant):
        columns["shown_instructions"] = _joined(overrides.get("instructions"), additional_instructions)
    columns["instructions"] = _joined(columns["instructions"], additional_instructions)
    if new.searches_attachments and FILE_SEARCH in thread.tool_resources:
        has_search = any(tool["type"] == FILE_SEARCH for tool in columns["tools"])
        columns["tools"] = columns["tools"] if has_search else [*columns["tools"], SEARCH_TOOL]
    columns["tool_resources"] = merge(columns["tool_resources"], thread.tool_resources)
    return columns


def _joined(*instructions: str | None) -> str:
    return "\n\n".join(filter(None, instructions))


def check_choice(choice: str | Mapping[str, Any], *, tools: Sequence[Mapping[str, Any]]) -> None:
    """Raise ``InvalidRequest`` when a function is to be called that is not among ``tools``."""
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


def merge(*all_resources: Resources) -> dict[str, Any]:
    """Return the ``tool_resources`` of a run: the files and stores of its assistant and of its thread, each once."""
    merged: dict[str, Any] = {}
    for tool, name in LISTS.items():
        ids = [resources[tool].get(name, []) for resources in all_resources if tool in resources]
        if ids:
            merged[tool] = {name: list(dict.fromkeys(chain.from_iterable(ids)))}
    return merged
