"""Threads: create, find, lock, rename, archive, delete. All doors call it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.actions import notify
from chat.actions.assistants import tool_resources
from chat.engine.hosted_tools import code_interpreter
from chat.errors import Absent, InvalidRequest, ThreadBusy, inside
from chat.models import Assistant, Thread, User
from chat.models.prepared_queries import Parameter, PreparedQuery, insert
from chat.models.resource_uses import add_uses, replace_uses
from chat.models.runs import live_run
from chat.models.threads import ThreadQuerySet
from chat.retrieval.keywords import chats

MAX_TITLE = 200


@PreparedQuery
def threads_of(owner: Parameter, id: Parameter) -> QuerySet[Thread]:
    return Thread.objects.filter(owner=owner, id=id)


def get(user: User, thread_id: str, *, rows: QuerySet[Thread] | None = None) -> Thread:
    """Return the user's thread, out of ``rows`` or all. Raise ``Absent``, also for another's."""
    thread = threads_of.first(user.pk, thread_id) if rows is None else rows.filter(owner=user, id=thread_id).first()
    if thread is None:
        raise Absent("thread", thread_id)
    thread.owner = user  # spares a look-up
    return thread


def find_locked(user: User, thread_id: str) -> Thread | None:
    """Return the user's thread as ``lock`` does; None if there is none."""
    with suppress(Absent):
        return lock(user, thread_id)
    return None


def lock(user: User, thread_id: str) -> Thread:
    """Return the user's thread, to which no other transaction writes before this one ends. Raise ``Absent``.

    Everything that posts a message or starts a run begins with this.
    """
    # Without the key's lock, so that a worker can commit rows that refer to the thread.
    return get(user, thread_id, rows=Thread.objects.select_for_update(no_key=True))


def lock_by_id(thread_id: str) -> Thread | None:
    """Return a thread of any owner, locked as by ``lock``, with its ``owner``; None when it is gone."""
    rows = Thread.objects.select_related("owner").select_for_update(of=("self",), no_key=True)
    return rows.filter(id=thread_id).first()


def check_free(thread: Thread, *, action: str = "add messages to") -> None:
    """Raise ``ThreadBusy`` while a run is live on ``thread``, which is locked so that none can begin meanwhile."""
    if live := live_run(thread):
        raise ThreadBusy(f"Can't {action} {thread.id} while a run {live.id} is active.")


@transaction.atomic
def create(
    user: User, *, assistant: Assistant | None = None, id: str | None = None, temporary: bool = False, **fields: Any
) -> Thread:
    """Create a thread; ``fields`` as for ``update``. With ``id`` a follower can listen before the thread exists."""
    known = {"id": id} if id else {}
    thread = insert(Thread(owner=user, assistant=assistant, temporary=temporary, **known, **columns(user, fields)))
    add_uses(thread)
    return thread


def of_user(user: User, *, metadata: Mapping[str, str] = MappingProxyType({})) -> ThreadQuerySet:
    """Return all threads of the user whose ``metadata`` has these pairs, archived ones too but no temporary ones."""
    return Thread.objects.owned_by(user).filter(temporary=False).with_metadata(metadata)


def search(user: User, *, words: str = "", archived: bool = False) -> QuerySet[Thread]:
    """Return the user's threads that ``chats.search_threads`` finds for ``words``, the last active first."""
    return in_list(chats.search_threads(user, words), archived=archived)


def in_list(threads: QuerySet[Thread], *, archived: bool = False) -> QuerySet[Thread]:
    """Return those of ``threads`` that stand in the list of chats, or in the archive, the last active first."""
    listed = threads.filter(archived_at__isnull=not archived, temporary=False)
    return listed.order_by("-active_at", "-number")


@transaction.atomic
def update(user: User, thread_id: str, **fields: Any) -> Thread:
    """Change ``metadata`` or ``tool_resources``; None clears one. Raise ``NotFound``, also for files of another."""
    thread = get(user, thread_id)
    for name, value in columns(user, fields).items():
        setattr(thread, name, value)
    thread.save(update_fields=list(fields))
    if "tool_resources" in fields:
        replace_uses(thread)
    return thread


def columns(user: User, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the API's ``metadata`` and ``tool_resources`` as columns of a thread. Raise as ``clean_resources``."""
    cleaned = {name: value or {} for name, value in fields.items()}
    if "tool_resources" in cleaned:
        with inside("tool_resources"):
            cleaned["tool_resources"] = tool_resources.clean_resources(user, cleaned["tool_resources"], for_thread=True)
    return cleaned


def rename(user: User, thread_id: str, *, title: str) -> Thread:
    """Set the title. Raise ``InvalidRequest`` for an empty one or one of more than 200 characters."""
    thread = get(user, thread_id)
    title = " ".join(title.split())
    if not title:
        raise InvalidRequest(_("Give the chat a name."), param="title")
    if len(title) > MAX_TITLE:
        raise InvalidRequest(
            _("The name is too long: at most %(most)d characters.") % {"most": MAX_TITLE}, param="title"
        )
    Thread.objects.filter(pk=thread.pk).update(title=title)
    thread.title = title
    chats.add_title(thread)
    notify.thread_changed(thread.id)
    return thread


def choose_assistant(user: User, thread_id: str, *, assistant: Assistant) -> Thread:
    """Let ``assistant`` answer from the next message on."""
    thread = get(user, thread_id)
    Thread.objects.filter(pk=thread.pk).update(assistant=assistant)
    thread.assistant = assistant
    return thread


def archive(user: User, thread_id: str, *, archived: bool = True) -> Thread:
    thread = get(user, thread_id)
    thread.archived_at = timezone.now() if archived else None
    thread.save(update_fields=["archived_at"])
    return thread


@transaction.atomic
def delete(user: User, thread_id: str) -> None:
    """Delete the thread with its messages and runs; a live run is stopped. Files and vector stores stay."""
    thread = get(user, thread_id)
    notify.thread_changed(thread.id)
    transaction.on_commit(lambda: code_interpreter.end_session(thread))
    thread.delete()
