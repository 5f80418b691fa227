"""The permissions of staff to read what people wrote."""

from __future__ import annotations

from django.http import HttpRequest

from chat.models import Thread

READ_MESSAGES = "chat.read_messages"


def may_read(request: HttpRequest, thread: Thread) -> bool:
    """Return whether the staff member may read ``thread``: it is their own, or they have the permission for all."""
    return thread.owner_id == request.user.pk or may_read_all(request)


def may_read_all(request: HttpRequest) -> bool:
    return request.user.has_perm(READ_MESSAGES)
