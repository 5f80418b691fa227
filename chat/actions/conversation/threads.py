"""Threads: make, find, rename, archive, delete."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.actions.assistants import tool_resources
from chat.actions.notify import thread_changed
from chat.engine.hosted_tools import code_interpreter
from chat.errors import Absent, InvalidRequest
from chat.models import Assistant, Thread, User
from chat.models.resource_uses import add_uses, replace_uses
from chat.models.threads import ThreadQuerySet

MAX_TITLE = 200


def get(user: User, thread_id: str) -> Thread:
    """The user's thread. Someone else's answers exactly like one that does not exist: ``Absent``."""
    thread = Thread.objects.owned_by(user).filter(id=thread_id).first()
    if thread is None:
        raise Absent("thread", thread_id)
    return thread


@transaction.atomic
def create(user: User, *, assistant: Assistant | None = None, id: str | None = None, **fields: Any) -> Thread:
    """A new thread; ``fields`` as for ``update``. ``id`` lets a follower listen before it is there."""
    given = {"id": id} if id else {}
    thread = Thread.objects.create(owner=user, assistant=assistant, **given, **columns(user, fields))
    add_uses(thread)
    return thread


def of(user: User, *, metadata: Mapping[str, str] = MappingProxyType({})) -> ThreadQuerySet:
    """All threads of the user whose ``metadata`` has these pairs, archived ones too."""
    return Thread.objects.owned_by(user).with_metadata(metadata)


def listed(user: User, *, words: str = "", archived: bool = False) -> ThreadQuerySet:
    """The user's threads, the last active first; ``words`` must all stand in the title or the messages."""
    threads = Thread.objects.owned_by(user).filter(archived_at__isnull=not archived)
    return threads.matching(words).order_by("-active_at", "-number")


@transaction.atomic
def update(user: User, thread_id: str, **fields: Any) -> Thread:
    """Change ``metadata`` or ``tool_resources``; None clears one. Raises ``NotFound`` for what is not the user's."""
    thread = get(user, thread_id)
    for name, value in columns(user, fields).items():
        setattr(thread, name, value)
    thread.save(update_fields=list(fields))
    if "tool_resources" in fields:
        replace_uses(thread)
    return thread


def columns(user: User, fields: dict[str, Any]) -> dict[str, Any]:
    """The API's ``metadata`` and ``tool_resources``, checked, as columns of a thread."""
    found = {name: value or {} for name, value in fields.items()}
    if "tool_resources" in found:
        found["tool_resources"] = tool_resources.checked(user, found["tool_resources"], for_thread=True)
    return found


def rename(user: User, thread_id: str, *, title: str) -> Thread:
    """Raises ``InvalidRequest`` for an empty title or one of more than 200 characters."""
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
    thread_changed(thread.id)
    return thread


def choose_assistant(user: User, thread_id: str, *, assistant: Assistant) -> Thread:
    """From the next message on, ``assistant`` answers."""
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
    """The thread with its messages and runs; a live run is stopped. Files and vector stores survive."""
    thread = get(user, thread_id)
    thread_changed(thread.id)
    transaction.on_commit(lambda: code_interpreter.forget(thread))
    thread.delete()
