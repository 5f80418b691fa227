"""The messages of a thread: check, add, find, change, delete. The API calls it; ``sending`` posts what people write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from chat.actions import notify
from chat.actions.conversation import attachments, threads
from chat.actions.files import files
from chat.actions.knowledge import enqueue
from chat.errors import Absent, InvalidRequest, inside
from chat.models import File, Message, Thread, User
from chat.models.api_objects.objects import Object
from chat.models.prepared_queries import insert
from chat.models.resource_uses import add_uses
from chat.models.threads import MAX_TEXT, text_part
from chat.providers.tool_names import FILE_SEARCH
from chat.retrieval.keywords import chats

TITLE_LENGTH = 60  # characters of the first message that name the thread
ADDRESSES = ("https://", "http://", "data:image/")


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that is to be posted. The fields are checked, and are the columns of ``Message``.

    ``client_key`` is the idempotency key of the sender, if there is one.
    """

    content: Sequence[Object]
    attachments: Sequence[Object] = field(default_factory=list)
    role: str = Message.Role.USER
    metadata: Mapping[str, str] = field(default_factory=dict)
    client_key: str | None = None


def clean_message(
    user: User,
    *,
    content: str | Sequence[Object],
    attachments: Sequence[Object] | None = None,
    role: str = Message.Role.USER,
    metadata: Mapping[str, str] | None = None,
    client_key: str | None = None,
) -> NewMessage:
    """Check the API's fields of a new message. A plain string is one text part.

    ``content`` has parts ``{"type": "text", "text": str}``, ``{"type": "image_file", "image_file": {"file_id", …}}`` or
    ``{"type": "image_url", "image_url": {"url", …}}``. Raise ``InvalidRequest`` for an empty or too long message and
    for an attachment that no tool of it can read, ``NotFound`` for a file that is not the user's.
    """
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    cleaned = []
    for index, part in enumerate(parts):
        with inside(f"content[{index}]"):
            cleaned.append(_clean_part(user, part))
    texts = [part["text"]["value"] for part in cleaned if part["type"] == "text"]
    if not cleaned or (len(texts) == len(cleaned) and not "".join(texts).strip()):
        raise InvalidRequest("Message content must be non-empty.", param="content")
    if (length := sum(map(len, texts))) > MAX_TEXT:
        raise InvalidRequest(
            f"Invalid 'content': string too long. Expected a string with maximum length {MAX_TEXT}, but got a string"
            f" with length {length} instead.",
            param="content",
            code="string_above_max_length",
        )
    if attachments:
        _check_attachments(user, attachments)
    return NewMessage(cleaned, list(attachments or ()), role, metadata or {}, client_key)


def _clean_part(user: User, part: Object) -> Object:
    if part["type"] == "text":
        return text_part(part["text"].replace("\x00", ""))
    if part["type"] == "image_file":
        param = "image_file.file_id"
        file = files.get(user, part["image_file"]["file_id"], param=param)
        if not file.is_image:
            raise InvalidRequest(f"The file {file.id!r} is not an image.", param=param)
    elif not part["image_url"]["url"].startswith(ADDRESSES):
        raise InvalidRequest(
            "An image's address must begin with https://, http:// or data:image/.", param="image_url.url"
        )
    kind = part["type"]
    return {"type": kind, kind: part[kind] | {"detail": part[kind].get("detail") or "auto"}}


def _check_attachments(user: User, attachments: Sequence[Object]) -> None:
    param = "attachments[].file_id"
    attached = files.get_all(user, [attachment["file_id"] for attachment in attachments], param=param)
    by_id = {file.id: file for file in attached}
    for index, attachment in enumerate(attachments):
        # A file that cannot be searched may be attached for the code interpreter, and then for the search too: programs
        # of the first API attach for every tool.
        if {tool["type"] for tool in attachment["tools"]} == {FILE_SEARCH}:
            enqueue.check_searchable([by_id[attachment["file_id"]]], param=f"attachments[{index}].file_id")


def composer_content(text: str, *, files: Sequence[File] = ()) -> list[dict[str, Any]]:
    """Return the ``content`` of a message that a person wrote: the text, and pictures as parts of it.

    Raise ``InvalidRequest`` for an empty or too long text.
    """
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text and not files:
        raise InvalidRequest(_("Write something first."), param="text")
    if len(text) > MAX_TEXT:
        numbers = {"length": len(text), "most": MAX_TEXT}
        raise InvalidRequest(
            _("The message is too long: %(length)d characters, and at most %(most)d fit.") % numbers, param="text"
        )
    content = [text_part(text)] if text else []
    for file in files:
        if file.is_image:
            content.append({"type": "image_file", "image_file": {"file_id": file.id, "detail": "auto"}})
    return content


# --- the messages of a thread ----------------------------------------------------------------------------------------


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
    message = insert(
        Message(
            thread=thread,
            role=new.role,
            content=new.content,
            attachments=new.attachments,
            metadata=new.metadata,
            client_key=new.client_key,
        )
    )
    add_uses(message)
    chats.add_message(message, owner_id=thread.owner_id)
    if new.attachments:
        attachments.attach(thread, new.attachments)
    if not thread.title and new.role == Message.Role.USER:
        line = " ".join(message.text.split())
        thread.title = line if len(line) <= TITLE_LENGTH else line[:TITLE_LENGTH].rsplit(" ", 1)[0].rstrip(",;:.") + "…"
        chats.add_title(thread)
    return message


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
