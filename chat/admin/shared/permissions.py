"""The permissions of staff to read what people wrote, and to act as them."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest

from chat.models import Thread, User

READ_MESSAGES = "chat.read_messages"


def may_read(request: HttpRequest, thread: Thread) -> bool:
    """Return whether the staff member may read ``thread``: it is their own, or they have the permission for all."""
    return thread.owner_id == request.user.pk or may_read_all(request)


def may_read_all(request: HttpRequest) -> bool:
    return request.user.has_perm(READ_MESSAGES)


def open_accounts(request: HttpRequest) -> QuerySet[User]:
    """Return the users as whom the staff member may act: make a key, set the password, change the mail address."""
    # Each of these opens a user's chats. So for somebody else they need the permission to read these, and only a
    # superuser can act as one.
    if request.user.is_superuser:
        return User.objects.all()
    if may_read_all(request):
        return User.objects.filter(is_superuser=False)
    return User.objects.filter(username=request.user.get_username())
