"""Saying something: post a message and have it answered, or keep it until the thread is free."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from chat.actions.assistants import assistants
from chat.actions.conversation import message_content, messages, runs
from chat.actions.conversation.attachments import given
from chat.actions.notify import thread_changed
from chat.errors import InvalidRequest, NotFound, ThreadBusy
from chat.models import Assistant, File, Message, QueuedMessage, Run, Thread
from chat.models.objects import Object
from chat.models.resource_uses import add_uses
from chat.models.threads import MAX_TEXT, text_part
from chat.providers.tool_names import FILE_SEARCH

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a message: posted, with the run that answers it, or queued behind a live run."""

    message: Message | None = None
    run: Run | None = None
    queued: QueuedMessage | None = None


def send(thread: Thread, *, text: str, files: Sequence[File] = (), client_key: str) -> Posted:
    """Post ``text`` and start a run that answers it. While a run is live the message is queued, and posted after it.

    ``client_key`` makes a repeated call harmless: it finds what the first one made. Raises ``InvalidRequest`` for an
    empty or too long text or a file that the assistant cannot read, ``NotFound`` when the assistant is gone.
    """
    content = composed(text, files=files)
    if earlier := _posted_before(thread, client_key):
        return earlier
    answering = assistant_of(thread)
    attachments = given(files, assistant=answering)
    try:
        parts = {"content": content, "attachments": attachments, "client_key": client_key}
        return _post(thread, lambda: _answer(thread, answering), **parts)
    except ThreadBusy:
        return _queue(thread, content=content, attachments=attachments, client_key=client_key)
    except IntegrityError:  # the same message came twice at once
        if earlier := _posted_before(thread, client_key):
            return earlier
        raise


def post(
    thread: Thread,
    *,
    content: str | Sequence[Object],
    role: str = Message.Role.USER,
    attachments: Sequence[Object] | None = None,
    metadata: dict[str, str] | None = None,
    client_key: str | None = None,
    assistant: Assistant | None = None,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> Posted:
    """Post a message as programs do, and start a run of ``assistant`` on it, with ``settings`` as for ``runs.start``.

    Without an assistant the message is only posted. ``client_key`` as for ``send``. Raises ``ThreadBusy`` while a run
    is live, and as ``message_content.checked``.
    """
    parts = message_content.checked(thread.owner, content=content, attachments=attachments or ())
    if client_key and (earlier := _posted_before(thread, client_key)):
        return earlier
    start = None if assistant is None else partial(runs.start, thread, assistant=assistant, **settings)
    try:
        return _post(thread, start, role=role, client_key=client_key, metadata=metadata or {}, **parts)
    except IntegrityError:
        if client_key and (earlier := _posted_before(thread, client_key)):
            return earlier
        raise


def composed(text: str, *, files: Sequence[File] = ()) -> list[dict[str, Any]]:
    """The ``content`` of a message: the text, and pictures as parts of it."""
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text and not files:
        raise InvalidRequest(_("Write something first."), param="text")
    if len(text) > MAX_TEXT:
        told = {"length": len(text), "most": MAX_TEXT}
        raise InvalidRequest(
            _("The message is too long: %(length)d characters, and at most %(most)d fit.") % told, param="text"
        )
    content = [text_part(text)] if text else []
    for file in files:
        if file.is_image:
            content.append({"type": "image_file", "image_file": {"file_id": file.id, "detail": "auto"}})
    return content


def assistant_of(thread: Thread) -> Assistant:
    """The assistant that the thread asks, if its owner may still use it."""
    if thread.assistant_id is None:
        raise NotFound(_("Choose an assistant for this chat first."))
    try:
        return assistants.get(thread.owner, thread.assistant_id)
    except NotFound:
        raise NotFound(_("The assistant of this chat is no longer there. Choose another one.")) from None


@transaction.atomic
def _post(thread: Thread, start: Callable[[], Run] | None, **parts: Any) -> Posted:
    messages.check_free(thread)
    if thread.queued_messages.exists():
        raise ThreadBusy(_("Other messages are waiting to be posted to this thread."))
    message = messages.insert(thread, **parts)
    return Posted(message=message, run=start() if start else None)


@transaction.atomic
def _queue(thread: Thread, *, client_key: str, **parts: Any) -> Posted:
    if earlier := _posted_before(thread, client_key):  # by the call whose run is live now
        return earlier
    queued, _new = QueuedMessage.objects.get_or_create(thread=thread, client_key=client_key, defaults=parts)
    add_uses(queued)
    thread_changed(thread.id)
    transaction.on_commit(lambda: post_next(thread.id))  # the run may have ended just now
    return Posted(queued=queued)


def _posted_before(thread: Thread, client_key: str) -> Posted | None:
    if message := thread.messages.filter(client_key=client_key).first():
        run = thread.runs.filter(created_at__gte=message.created_at).order_by("created_at", "number").first()
        return Posted(message=message, run=run)
    queued = thread.queued_messages.filter(client_key=client_key).first()
    return Posted(queued=queued) if queued else None


def post_next(thread_id: str) -> None:
    """The thread is free: post the first of its queued messages. Does nothing when there is none, or a run is live."""
    if not QueuedMessage.objects.filter(thread_id=thread_id).exists():
        return  # without the write lock that a transaction takes; what is queued from now on looks for itself
    with transaction.atomic():
        thread = Thread.objects.select_related("owner").filter(id=thread_id).first()
        queued = thread.queued_messages.first() if thread else None
        if thread is None or queued is None or thread.live_run() is not None:
            return
        parts = {"content": queued.content, "attachments": queued.attachments, "client_key": queued.client_key}
        deleted, _by_model = queued.delete()
        if not deleted:
            return  # someone else posts it at this moment
        _insert_queued(thread, **parts)
        thread_changed(thread.id)
        try:
            _answer(thread, assistant_of(thread))
        except NotFound:
            return  # the message is in the thread; the page offers to choose another assistant


def _insert_queued(thread: Thread, *, attachments: Sequence[Object], **parts: Any) -> None:
    """What the thread's tools cannot take any more, as when there are too many files, is not attached."""
    try:
        with transaction.atomic():
            messages.insert(thread, attachments=attachments, **parts)
    except InvalidRequest:
        messages.insert(thread, attachments=[{**each, "tools": []} for each in attachments], **parts)


def post_all_waiting() -> None:
    """After a start: threads that became free while no worker ran."""
    for thread in Thread.objects.filter(queued_messages__isnull=False).distinct():
        try:
            post_next(thread.id)
        except Exception:
            log.exception("the next message of thread %s could not be posted", thread.id)


def unqueue(thread: Thread, *, client_key: str) -> QueuedMessage | None:
    """Take a message back that has not been posted yet. None when it has, or never was."""
    queued = thread.queued_messages.filter(client_key=client_key).first()
    if queued is not None:
        queued.delete()
        thread_changed(thread.id)
    return queued


@transaction.atomic
def retry(thread: Thread) -> Run:
    """Ask again for an answer to what was last said. Raises ``ThreadBusy`` while a run is live."""
    return _answer(thread, assistant_of(thread))


def _answer(thread: Thread, assistant: Assistant) -> Run:
    """A run as people start it: whatever the assistant, it searches the files that were attached."""
    tools = assistant.tools
    if FILE_SEARCH in thread.tool_resources and not any(tool["type"] == FILE_SEARCH for tool in tools):
        tools = [*tools, {"type": FILE_SEARCH}]
    return runs.start(thread, assistant=assistant, tools=tools)
