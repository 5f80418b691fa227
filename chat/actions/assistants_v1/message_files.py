"""The files that are attached to a message, as the first Assistants API lists them."""

from __future__ import annotations

from chat.errors import Absent
from chat.models import File, Message
from chat.models.files import FileQuerySet


def of(message: Message) -> FileQuerySet:
    """Those that are still there."""
    ids = [attachment.get("file_id") for attachment in message.attachments]
    return File.objects.there().filter(owner=message.thread.owner_id, id__in=filter(None, ids))


def get(message: Message, file_id: str) -> File:
    """One of them. Raises ``Absent``."""
    file = of(message).filter(id=file_id).first()
    if file is None:
        raise Absent("message file", file_id)
    return file
