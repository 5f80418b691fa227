"""Chat completions of assistants: a run on a thread that is kept under a program's name for it, or a temporary one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.db import transaction

from chat.actions.conversation import messages, runs, threads
from chat.actions.conversation.messages import NewMessage, clean_message
from chat.actions.conversation.runs import NewRun
from chat.engine.prompt.transcript import OMITTED_REASONS
from chat.errors import Absent, InvalidRequest, WrongRunStatus, inside
from chat.models import Assistant, Message, Run, RunStatus, RunStep, Thread, User
from chat.models.api_objects.objects import usage_of
from chat.models.ids import id_of, new_id
from chat.models.runs import live_run
from chat.providers.base import Usage

NO_CALLS = (
    "Invalid 'messages': messages with role 'tool' must follow a message with 'tool_calls', or answer the calls that"
    " the thread of 'metadata.thread' waits for."
)


@dataclass(frozen=True, slots=True)
class NewCompletion:
    """A request to an assistant. ``messages`` are the fields of ``clean_message`` by their place in the program's list.

    After the last one come ``answered_calls``, step by step as in ``NewRun``, and the last ``outputs`` of calls by id.

    ``thread_name`` is the program's name for a thread of its ``end_user``; None: the thread is not kept.
    """

    messages: Mapping[int, Mapping[str, Any]]
    answered_calls: Sequence[Sequence[Mapping[str, str]]] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    end_user: str = ""
    thread_name: str | None = None

    @property
    def is_kept(self) -> bool:
        return self.thread_name is not None


def thread_id_of(user: User, new: NewCompletion) -> str:
    """Return the id of the thread of ``new``, which may not exist yet; a kept one has the same each time."""
    if new.thread_name is None:
        return new_id("thread_")
    parts = [str(user.pk), new.end_user, new.thread_name]
    named = "".join(f"{len(part)}:{part}" for part in parts)
    return id_of(int.from_bytes(hashlib.sha256(named.encode()).digest()), "thread_")


@dataclass(frozen=True, slots=True)
class StartedRun:
    """``known_steps`` are the statuses of the steps that came before the answer, ``spent`` their tokens."""

    run: Run
    known_steps: Mapping[str, str]
    spent: Usage


@transaction.atomic
def start(user: User, assistant: Assistant, new: NewCompletion, *, thread_id: str) -> StartedRun:
    """Start the run that answers ``new``, or let the one go on that waits for its outputs.

    Of a kept thread, only messages after the last answer are new, and of them those that do not end the thread already.
    Raise as ``runs.start``, and ``InvalidRequest`` for outputs of calls that nobody made.
    """
    run = _start_or_go_on(user, assistant, new, thread_id=thread_id)
    steps = dict(RunStep.objects.filter(run=run).values_list("id", "status"))
    return StartedRun(run, steps, _spent(run))


def usage_since(started: StartedRun) -> Usage:
    """Return the tokens of the run since it was started or went on."""
    return _spent(started.run) - started.spent


def _spent(run: Run) -> Usage:
    usages = RunStep.objects.filter(run=run).exclude(usage=None).values_list("usage", flat=True)
    return sum((usage_of(usage) for usage in usages if usage), Usage())


def _start_or_go_on(user: User, assistant: Assistant, new: NewCompletion, *, thread_id: str) -> Run:
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # a thread is made once
    thread = threads.find_locked(user, thread_id)
    if thread is not None and (waiting := _waiting_run(thread)):
        if _pending_ids(waiting) == new.outputs.keys() and waiting.assistant_id == assistant.id:
            outputs = [{"tool_call_id": id, "output": output} for id, output in new.outputs.items()]
            return runs.submit_tool_outputs(waiting, outputs=outputs)
        runs.abandon(waiting)
    answered = {call["id"] for call in chain.from_iterable(new.answered_calls)}
    if not new.outputs.keys() <= answered:
        raise InvalidRequest(NO_CALLS, param="messages")
    cleaned = _clean_messages(user, new)
    if thread is None:
        thread = threads.create(user, id=thread_id, temporary=not new.is_kept)
    else:
        threads.check_free(thread)
        cleaned = _messages_to_add(thread, cleaned)
    for message in cleaned:
        messages.add(thread, message)
    return runs.start(thread, NewRun(assistant, new.settings, by_program=True, answered_calls=new.answered_calls))


def _clean_messages(user: User, new: NewCompletion) -> Sequence[NewMessage]:
    cleaned = []
    for place, fields in new.messages.items():
        with inside(f"messages[{place}]"):
            cleaned.append(clean_message(user, **fields))
    return cleaned


def leave(user: User, run: Run, *, has_ended: bool) -> None:
    """Delete the temporary thread of a run that was answered, or whose program has gone away. Of a kept one, stop the
    run unless it ``has_ended`` or waits.
    """
    if run.thread.temporary:
        with suppress(Absent):
            threads.delete(user, run.thread_id)
    elif not has_ended:
        with suppress(WrongRunStatus, Absent):
            runs.cancel(run)


def _waiting_run(thread: Thread) -> Run | None:
    live = live_run(thread)
    return live if live is not None and live.status == RunStatus.REQUIRES_ACTION else None


def _pending_ids(run: Run) -> set[str]:
    action = run.required_action or {"submit_tool_outputs": {"tool_calls": []}}
    return {call["id"] for call in action["submit_tool_outputs"]["tool_calls"]}


def _messages_to_add(thread: Thread, sent: Sequence[NewMessage]) -> Sequence[NewMessage]:
    """Return those of the messages ``sent`` that are new to a kept thread."""
    told = thread.messages.exclude(incomplete_reason__in=OMITTED_REASONS).order_by("created_at", "number")
    rows = list(told.values_list("role", "content"))
    if not rows:
        return sent
    unanswered = [content for _role, content in rows[_after_answer([role for role, _content in rows]) :]]
    new = sent[_after_answer([message.role for message in sent]) :]
    # Sent again after a failure: they are there already.
    known = len(unanswered) if [message.content for message in new[: len(unanswered)]] == unanswered else 0
    return new[known:]


def _after_answer(roles: Sequence[str]) -> int:
    """Return the place after the last answer."""
    return max((place for place, role in enumerate(roles, start=1) if role == Message.Role.ASSISTANT), default=0)
