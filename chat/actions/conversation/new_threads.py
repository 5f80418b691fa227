"""Opening a thread with its first messages, and perhaps a run on them, all or nothing. The page and the API call it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from chat.actions.assistants import assistants
from chat.actions.conversation import messages as thread_messages
from chat.actions.conversation import runs, sending, threads
from chat.actions.conversation.messages import clean_message
from chat.actions.conversation.runs import NewRun
from chat.errors import inside
from chat.models import Assistant, File, Message, Run, Thread, User


@transaction.atomic
def open_thread(user: User, *, assistant: Assistant, text: str, files: Sequence[File] = (), client_key: str) -> Thread:
    """Return a new thread in which ``assistant`` answers ``text``. A repeated ``client_key`` returns the first one's.

    Raise as ``sending.send``; then there is no thread either.
    """
    User.objects.select_for_update().get(pk=user.pk)  # the same form sent twice at once comes one after the other
    earlier = Message.objects.filter(thread__owner=user, client_key=client_key).select_related("thread").first()
    if earlier is not None:
        return earlier.thread
    thread = threads.create(user, assistant=assistant)
    sending.send(user, thread.id, text=text, files=files, client_key=client_key)
    return thread


@transaction.atomic
def create_thread(user: User, **fields: Any) -> Thread:
    """Create a thread with ``messages``, each the fields of ``clean_message``, and no run.

    The other ``fields`` are those of ``threads.create``. Raise as both.
    """
    thread = _with_messages(user, **fields)
    thread.touch()
    return thread


@transaction.atomic
def create_and_run(
    user: User, *, assistant_id: str, thread: Mapping[str, Any] | None = None, id: str | None = None, **settings: Any
) -> Run:
    """Create a thread from the fields of ``create_thread``, and start a run on it with ``settings``.

    Raise as ``create_thread`` and ``runs.start``.
    """
    assistant = assistants.get(user, assistant_id)
    with inside("thread"):
        created = _with_messages(user, id=id, **(thread or {}))
    return runs.start(created, NewRun(assistant, settings, by_program=True))


def _with_messages(user: User, *, messages: Sequence[Mapping[str, Any]] | None = None, **fields: Any) -> Thread:
    thread = threads.create(user, **fields)
    for index, message in enumerate(messages or ()):
        with inside(f"messages[{index}]"):
            thread_messages.add(thread, clean_message(user, **message))
    return thread
