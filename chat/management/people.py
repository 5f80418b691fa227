"""Whom a command acts for."""

from __future__ import annotations

from django.core.management.base import CommandError

from chat.models import User


def find_user(username: str) -> User:
    """The active user of that name, or the first administrator for ``""``. Raises ``CommandError``."""
    people = User.objects.filter(is_active=True)
    person = people.filter(username=username) if username else people.filter(is_superuser=True).order_by("pk")
    if found := person.first():
        return found
    if username:
        raise CommandError(f"There is no active user {username!r}.")
    raise CommandError("There is no administrator yet. Start the server once, or name someone.")
