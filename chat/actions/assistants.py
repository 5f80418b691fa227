"""Assistants as their users find them."""

from __future__ import annotations

from chat.errors import NotFound
from chat.models import Assistant, User
from chat.models.assistants import AssistantQuerySet


def usable(user: User) -> AssistantQuerySet:
    """The user's own assistants and those shared with them, by name."""
    return Assistant.objects.usable_by(user).order_by("name", "number")


def get(user: User, assistant_id: str) -> Assistant:
    """One that the user may use; any other answers like one that does not exist: ``NotFound``."""
    assistant = Assistant.objects.usable_by(user).filter(id=assistant_id).first()
    if assistant is None:
        raise NotFound(f"No assistant found with id '{assistant_id}'.")
    return assistant
