"""The messages of a thread as programs handle them: add, find, change, delete. ``messages`` has what people do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Required, TypedDict, Unpack

from django.db import transaction
from django.db.models import QuerySet

from chat.actions.assistants import tool_resources
from chat.actions.conversation import message_content, threads
from chat.actions.notify import thread_changed
from chat.errors import Absent, ThreadBusy
from chat.models import Message, Thread, User
from chat.models.objects import Object
from chat.models.resource_uses import add_uses

TITLE_LENGTH = 60  # characters of the first message that name the thread


class Entry(TypedDict, total=False):
    """What a program says of a new message."""

    content: Required[str | Sequence[Object]]
    role: str
    attachments: Sequence[Object] | None
    metadata: dict[str, str] | None


def of(user: User, thread_id: str) -> QuerySet[Message]:
    """The messages of the user's thread. Raises ``Absent``."""
    return Message.objects.filter(thread=threads.get(user, thread_id))


def get(user: User, thread_id: str, message_id: str) -> Message:
    message = of(user, thread_id).filter(id=message_id).first()
    if message is None:
        raise Absent("message", message_id)
    return message


@transaction.atomic
def create(thread: Thread, **entry: Unpack[Entry]) -> Message:
    """As ``add``. Raises ``ThreadBusy`` while a run is live on the thread."""
    check_free(thread)
    message = add(thread, **entry)
    thread.touch()
    thread_changed(thread.id)
    return message


def check_free(thread: Thread, *, doing: str = "add messages to") -> None:
    """Raises ``ThreadBusy`` while a run is live. None can begin before the end of the transaction, which is needed."""
    Thread.objects.select_for_update().get(pk=thread.pk)
    if live := thread.live_run():
        raise ThreadBusy(f"Can't {doing} {thread.id} while a run {live.id} is active.")


def add(
    thread: Thread,
    *,
    content: str | Sequence[Object],
    role: str = Message.Role.USER,
    attachments: Sequence[Object] | None = None,
    metadata: dict[str, str] | None = None,
) -> Message:
    """A message at the end of ``thread``, which has no live run. Call inside a transaction.

    Raises as ``contents.checked``.
    """
    parts = message_content.checked(thread.owner, content=content, attachments=attachments or ())
    return insert(thread, role=role, metadata=metadata or {}, **parts)


def insert(thread: Thread, *, role: str = Message.Role.USER, **columns: Any) -> Message:
    """A message whose ``columns`` are checked. The run's tools may use what is attached to it (reference, section 5);
    the first one names the thread.
    """
    message = Message.objects.create(thread=thread, role=role, **columns)
    add_uses(message)
    tool_resources.attach(thread, message.attachments)
    if not thread.title and role == Message.Role.USER:
        thread.title = title_from(message.text)
        Thread.objects.filter(pk=thread.pk, title="").update(title=thread.title)
    return message


def title_from(text: str) -> str:
    """The first words of the first message."""
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
def delete(message: Message) -> None:
    """Later runs do not see it. Raises ``ThreadBusy`` while a run is live on its thread."""
    check_free(message.thread, doing="delete messages of")
    message.delete()
    thread_changed(message.thread_id)
