"""Opening a thread with its first messages, and perhaps a run on them, as one thing: all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from chat.actions.conversation import messages as entries
from chat.actions.conversation import runs, sending, threads
from chat.models import Assistant, File, Message, Run, Thread, User


@transaction.atomic
def open_thread(user: User, *, assistant: Assistant, text: str, files: Sequence[File] = (), client_key: str) -> Thread:
    """A new thread in which ``assistant`` answers ``text``. The same ``client_key`` again finds the same thread.

    Raises ``InvalidRequest`` for an empty or too long text; then there is no thread either.
    """
    User.objects.select_for_update().get(pk=user.pk)  # the same form sent twice at once comes one after the other
    earlier = Message.objects.filter(thread__owner=user, client_key=client_key).select_related("thread").first()
    if earlier is not None:
        return earlier.thread
    thread = threads.create(user, assistant=assistant)
    sending.send(thread, text=text, files=files, client_key=client_key)
    return thread


@transaction.atomic
def create_thread(
    user: User, *, messages: Sequence[Mapping[str, Any]] | None = None, id: str | None = None, **fields: Any
) -> Thread:
    """As ``threads.create``, with ``messages`` (arguments of ``entries.add``) that nobody answers yet."""
    thread = threads.create(user, id=id, **fields)
    for message in messages or ():
        entries.add(thread, **message)
    return thread


@transaction.atomic
def create_and_run(
    user: User, *, assistant: Assistant, thread: Mapping[str, Any] | None = None, id: str | None = None, **settings: Any
) -> Run:
    """A thread as of ``create_thread``, and a run of ``assistant`` on it with ``settings`` as for ``runs.start``."""
    return runs.start(create_thread(user, id=id, **(thread or {})), assistant=assistant, **settings)
