"""The limits of live runs of one person, so that nobody can take all runs that the server works on at once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from chat.errors import TooManyRuns
from chat.models import QueuedMessage, Run, Thread, User


def check(thread: Thread, *, by_program: bool) -> None:
    """Raise ``TooManyRuns`` when the owner of ``thread`` has no room for one more run. Call inside a transaction.

    Runs that programs start and those that a person starts at a page are counted apart, so that neither is in the way
    of the other. Each live run is on a thread of its own.
    """
    limit = settings.EVERTHREAD_API_RUNS if by_program else settings.EVERTHREAD_PAGE_RUNS
    if not limit:
        return
    # Two that start at once come one after the other.
    User.objects.select_for_update(no_key=True).filter(pk=thread.owner_id).first()
    live = Run.objects.live().filter(by_program=by_program).order_by()
    busy = _threads_of(thread.owner_id, live)
    if not by_program:
        # Between two answers a thread with a queue has no live run; its place is not another's.
        busy |= _threads_of(thread.owner_id, QueuedMessage.objects.order_by())
    used = len(busy - {thread.id})
    if used >= limit:
        raise TooManyRuns(_for_program(limit, used) if by_program else _for_person(limit))


def _threads_of(owner_id: int, rows: QuerySet[Any]) -> set[str]:
    """Return the threads of the owner that have any of ``rows``, which are few among all users."""
    # By a sum, which no index knows: or else the database begins with all threads of the owner.
    own = rows.alias(owner_number=F("thread__owner_id") + 0).filter(owner_number=owner_id)
    return set(own.values_list("thread_id", flat=True))


def _for_program(limit: int, used: int) -> str:
    return (
        f"Rate limit reached for runs at once: limit {limit}, used {used}. Please try again when one of them has ended."
    )


def _for_person(limit: int) -> str:
    words = _("You have %(most)d answers under way already. Wait until one of them is complete, or stop one.")
    return words % {"most": limit}
