"""The messages of a thread: add, find, change, delete. The API calls it; ``sending`` posts what people write."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from chat.actions import notify
from chat.actions.conversation import attachments, threads
from chat.actions.conversation.message_content import NewMessage, clean_message
from chat.errors import Absent
from chat.models import Message, Thread, User
from chat.models.resource_uses import add_uses

TITLE_LENGTH = 60  # characters of the first message that name the thread


def of_thread(user: User, thread_id: str) -> QuerySet[Message]:
    """Return the messages of the user's thread. Raise ``Absent``."""
    return Message.objects.filter(thread=threads.get(user, thread_id))


def get(user: User, thread_id: str, message_id: str) -> Message:
    """Return a message of the user's thread. Raise ``Absent``."""
    message = of_thread(user, thread_id).filter(id=message_id).first()
    if message is None:
        raise Absent("message", message_id)
    return message


@transaction.atomic
def create(user: User, thread_id: str, **fields: Any) -> Message:
    """Add a message of the API's ``fields``. Raise ``ThreadBusy`` while a run is live, and as ``clean_message``."""
    thread = threads.lock(user, thread_id)
    threads.check_free(thread)
    message = add(thread, clean_message(user, **fields))
    thread.touch()
    notify.thread_changed(thread.id)
    return message


def add(thread: Thread, new: NewMessage) -> Message:
    """Insert a message at the end of ``thread``, which is locked or new and has no live run.

    Its files go to the thread's tools (reference, section 5), and the first message names the thread: the caller saves
    both with ``thread.touch()``.
    """
    message = Message.objects.create(
        thread=thread,
        role=new.role,
        content=new.content,
        attachments=new.attachments,
        metadata=new.metadata,
        client_key=new.client_key,
    )
    add_uses(message)
    if new.attachments:
        attachments.attach(thread, new.attachments)
    if not thread.title and new.role == Message.Role.USER:
        thread.title = title_from(message.text)
    return message


def title_from(text: str) -> str:
    """Return the first words of ``text``, at most ``TITLE_LENGTH`` characters and an ellipsis."""
    line = " ".join(text.split())
    if len(line) <= TITLE_LENGTH:
        return line
    return line[:TITLE_LENGTH].rsplit(" ", 1)[0].rstrip(",;:.") + "…"


def update(message: Message, *, metadata: dict[str, str]) -> Message:
    """Replace the metadata."""
    Message.objects.filter(pk=message.pk).update(metadata=metadata)
    message.metadata = metadata
    return message


@transaction.atomic
def delete(user: User, thread_id: str, message_id: str) -> None:
    """Delete a message, so that later runs do not see it. Raise ``Absent``, ``ThreadBusy`` while a run is live."""
    thread = threads.lock(user, thread_id)
    message = thread.messages.filter(id=message_id).first()
    if message is None:
        raise Absent("message", message_id)
    threads.check_free(thread, action="delete messages of")
    message.delete()
    notify.thread_changed(thread.id)
