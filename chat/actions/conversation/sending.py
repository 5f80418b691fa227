"""Posting messages and having them answered: the page and the console ``send``, the websocket for programs ``post``s.

What is sent while a run is live waits in a queue, which the worker empties with ``post_next``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from chat.actions import notify
from chat.actions.conversation import messages, runs, threads
from chat.actions.conversation.attachments import attachments_for
from chat.actions.conversation.messages import NewMessage, clean_message, composer_content
from chat.actions.conversation.runs import NewRun
from chat.errors import InvalidRequest, NotFound, Refusal, ThreadBusy, inside
from chat.models import File, Message, QueuedMessage, Run, Thread, User
from chat.models.prepared_queries import Parameter, PreparedQuery
from chat.models.resource_uses import add_uses
from chat.models.runs import live_run

log = logging.getLogger(__name__)
MOST_WAITING = 20  # messages of one thread


@dataclass(frozen=True, slots=True)
class Posted:
    """The rows that a message became: posted, with the run that answers it, or queued behind a live run."""

    message: Message | None = None
    run: Run | None = None
    queued: QueuedMessage | None = None


def send(
    user: User,
    thread_id: str,
    *,
    assistant_id: str = "",
    text: str,
    files: Sequence[File] = (),
    client_key: str,
) -> Posted:
    """Post ``text`` and start a run that answers it. While a run is live the message is queued, and posted after it.

    ``assistant_id`` answers from now on, if it is given. A repeated call with the same ``client_key`` returns what the
    first one posted. Raise ``InvalidRequest`` for an empty or too long text, a file that the assistant cannot read or a
    long queue, ``NotFound`` when thread or assistant is gone, ``TooManyRuns``.
    """
    content = composer_content(text, files=files)
    try:
        with transaction.atomic():
            thread = threads.lock(user, thread_id)
            answered_by = thread.assistant_id
            thread.assistant_id = assistant_id or answered_by
            assistant = runs.assistant_of(thread)
            if assistant.id != answered_by:
                thread.save(update_fields=["assistant"])
            attachments = attachments_for(files, assistant=assistant) if files else []
            message = NewMessage(content, attachments, client_key=client_key)
            if _is_busy(thread):
                return _queue(thread, message, client_key=client_key)
            return _post(thread, message, run=NewRun(assistant, searches_attachments=True))
    except (IntegrityError, Refusal):  # the same message was sent before, or twice at once
        if earlier := _find_posted(user, thread_id, client_key):
            return earlier
        raise


def post(
    user: User, thread_id: str, *, run: Mapping[str, Any] | None = None, client_key: str | None = None, **fields: Any
) -> Posted:
    """Post a message as programs do, and start a run on it of the fields ``run``; None: no run.

    ``fields`` are those of ``clean_message``, ``run`` those of ``runs.new_run``; ``client_key`` as for ``send``. Raise
    ``ThreadBusy`` while a run is live or messages wait, and as these two and ``runs.start``.
    """
    try:
        with transaction.atomic():
            thread = threads.lock(user, thread_id)
            with inside("run"):
                new_run = None if run is None else runs.new_run(thread, **run)
            message = clean_message(user, client_key=client_key, **fields)
            threads.check_free(thread)
            if thread.queued_messages.exists():
                raise ThreadBusy(_("Other messages are waiting to be posted to this thread."))
            return _post(thread, message, run=new_run)
    except (IntegrityError, ThreadBusy):
        if client_key and (earlier := _find_posted(user, thread_id, client_key)):
            return earlier
        raise


def _is_busy(thread: Thread) -> bool:
    """Return whether a run is live on ``thread``, which is locked, or messages wait for it."""
    # A query of its own: on PostgreSQL the one that locked the row, having waited, sees other tables as of before.
    live, waiting = (rows.filter(thread=OuterRef("id")) for rows in (Run.objects.live(), QueuedMessage.objects.all()))
    return Thread.objects.filter(Exists(live) | Exists(waiting), pk=thread.pk).exists()


def _post(thread: Thread, new: NewMessage, *, run: NewRun | None) -> Posted:
    message = messages.add(thread, new)
    if run is not None:
        with inside("run"):
            return Posted(message, runs.start(thread, run))
    thread.touch()
    notify.thread_changed(thread.id)
    return Posted(message)


def _queue(thread: Thread, new: NewMessage, *, client_key: str) -> Posted:
    if earlier := _find_posted(thread.owner, thread.id, client_key):  # by the call whose run is live now
        return earlier
    if thread.queued_messages.count() >= MOST_WAITING:
        message = _("%(most)d messages wait in this chat already. Wait until some are answered, or take one back.")
        raise InvalidRequest(message % {"most": MOST_WAITING})
    queued = QueuedMessage.objects.create(
        thread=thread, content=new.content, attachments=new.attachments, client_key=client_key
    )
    add_uses(queued)
    notify.thread_changed(thread.id)
    transaction.on_commit(lambda: post_next(thread.id))  # the run may have ended just now
    return Posted(queued=queued)


def _find_posted(user: User, thread_id: str, client_key: str) -> Posted | None:
    sent = {"thread_id": thread_id, "thread__owner": user, "client_key": client_key}
    if message := Message.objects.filter(**sent).first():
        runs_after = Run.objects.filter(thread_id=thread_id, created_at__gte=message.created_at)
        return Posted(message, runs_after.order_by("created_at", "number").first())
    queued = QueuedMessage.objects.filter(**sent).first()
    return Posted(queued=queued) if queued else None


@PreparedQuery
def first_queued(thread: Parameter) -> QuerySet[QueuedMessage, tuple[int]]:
    return QueuedMessage.objects.filter(thread=thread).values_list("pk")[:1]


def post_next(thread_id: str) -> None:
    """Post the first of the thread's queued messages, unless a run is live."""
    if not first_queued.rows(thread_id):
        return  # without the write lock that a transaction takes; what is queued from now on looks for itself
    with transaction.atomic():
        thread = threads.lock_by_id(thread_id)
        if thread is None or live_run(thread) is not None:
            return
        queued = thread.queued_messages.first()
        if queued is None:
            return  # it was posted or taken back meanwhile
        queued.delete()
        notify.thread_changed(thread.id)
        _add_queued(thread, NewMessage(queued.content, queued.attachments, client_key=queued.client_key))
        try:
            runs.start(thread, NewRun(runs.assistant_of(thread), searches_attachments=True), has_waited=True)
        except NotFound:
            thread.touch()  # the message is in the thread; the page offers to choose another assistant


def _add_queued(thread: Thread, new: NewMessage) -> None:
    try:
        with transaction.atomic():
            messages.add(thread, new)
    except InvalidRequest:
        # The tools of the thread cannot take the files any more, as when there are too many: only the message has them.
        messages.add(thread, replace(new, attachments=[{**each, "tools": []} for each in new.attachments]))


def post_all_waiting() -> None:
    """Post the next message of each thread that became free while no worker ran. Called at the start of the server."""
    for thread in Thread.objects.filter(queued_messages__isnull=False).distinct():
        try:
            post_next(thread.id)
        except Exception:
            log.exception("the next message of thread %s could not be posted", thread.id)


def unqueue(user: User, thread_id: str, *, client_key: str) -> QueuedMessage | None:
    """Take a message back that waits to be posted, and return it. None when it has been posted, or never was."""
    queued = threads.get(user, thread_id).queued_messages.filter(client_key=client_key).first()
    if queued is not None:
        queued.delete()
        notify.thread_changed(thread_id)
    return queued


@transaction.atomic
def retry(user: User, thread_id: str) -> Run:
    """Start another run on the messages as they are. Raise ``ThreadBusy`` while a run is live."""
    thread = threads.lock(user, thread_id)
    return runs.start(thread, NewRun(runs.assistant_of(thread), searches_attachments=True))
