"""Actions whose rows are deleted by somebody else while they work. The doors call their actions through ``act``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError, OperationalError

from chat.errors import NotSignedIn
from chat.models import User

T = TypeVar("T")
DEADLOCKS = ("40P01", "40001")  # PostgreSQL's codes: it has undone one of two transactions that waited for each other


def act(user: User, action: Callable[[], T]) -> T:
    """Return what ``action()`` returns, which works for ``user``.

    If a row that it has read is gone when it writes, it is done once more: it finds the row absent then, and refuses in
    its own words. Raise ``NotSignedIn`` when the user was deleted.
    """
    try:
        return action()
    except (ObjectDoesNotExist, DatabaseError, FileNotFoundError) as error:
        if not _has_vanished(error):
            raise
    if not User.objects.filter(pk=user.pk).exists():
        raise NotSignedIn
    return action()


def _has_vanished(error: Exception) -> bool:
    """Return whether ``error`` is what a deletion leads to: a look-up, a foreign key or an UPDATE without its row."""
    if isinstance(error, OperationalError):
        return getattr(error.__cause__, "sqlstate", None) in DEADLOCKS
    # Django raises the class itself when an UPDATE of a single row changes none.
    return isinstance(error, ObjectDoesNotExist | IntegrityError | FileNotFoundError) or type(error) is DatabaseError
