"""The user that a command acts for."""

from __future__ import annotations

from django.core.management.base import CommandError

from chat.models import User


def find_user(username: str) -> User:
    """Return the active user of that name, or the first administrator for ``""``. Raise ``CommandError``."""
    users = User.objects.filter(is_active=True)
    matches = users.filter(username=username) if username else users.filter(is_superuser=True).order_by("pk")
    if user := matches.first():
        return user
    if username:
        raise CommandError(f"There is no active user {username!r}.")
    raise CommandError("There is no administrator yet. Start the server once, or name someone.")
