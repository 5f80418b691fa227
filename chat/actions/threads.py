"""Threads: make, find, rename, archive, delete."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.actions.wakeups import thread_changed
from chat.errors import InvalidRequest, NotFound
from chat.models import Assistant, Thread, User
from chat.models.threads import ThreadQuerySet

MAX_TITLE = 200


def get(user: User, thread_id: str) -> Thread:
    """The user's thread. Someone else's answers exactly like one that does not exist: ``NotFound``."""
    thread = Thread.objects.owned_by(user).filter(id=thread_id).first()
    if thread is None:
        raise NotFound(f"No thread found with id '{thread_id}'.")
    return thread


def create(user: User, *, assistant: Assistant | None = None) -> Thread:
    return Thread.objects.create(owner=user, assistant=assistant)


def listed(user: User, *, words: str = "", archived: bool = False) -> ThreadQuerySet:
    """The user's threads, the last active first; ``words`` must all stand in the title or the messages."""
    threads = Thread.objects.owned_by(user).filter(archived_at__isnull=not archived)
    return threads.matching(words).order_by("-active_at", "-number")


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
    thread.delete()
