"""Opening a thread with its first message, as one thing: both or neither."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from chat.actions import messages, threads
from chat.models import Assistant, File, Message, Thread, User


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
    messages.send(thread, text=text, files=files, client_key=client_key)
    return thread
