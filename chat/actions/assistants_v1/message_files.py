"""The files that are attached to a message, as the first Assistants API lists them."""

from __future__ import annotations

from chat.errors import Absent
from chat.models import File, Message
from chat.models.files import FileQuerySet


def of_message(message: Message) -> FileQuerySet:
    """Return the files attached to the message that still exist."""
    ids = [attachment.get("file_id") for attachment in message.attachments]
    return File.objects.there().filter(owner=message.thread.owner_id, id__in=filter(None, ids))


def get(message: Message, file_id: str) -> File:
    """Return a file attached to the message. Raise ``Absent``."""
    file = of_message(message).filter(id=file_id).first()
    if file is None:
        raise Absent("message file", file_id)
    return file
