"""Assistants as their users find them, and as programs make them."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from chat.actions.assistants import tool_resources
from chat.errors import Absent, NotAllowed
from chat.models import Assistant, User
from chat.models.assistants import AssistantQuerySet, auto
from chat.models.resource_uses import add_uses, replace_uses
from chat.tools import declarations

# What a field is when nobody chose it, or when ``null`` clears it (reference, section 3).
CLEARED: dict[str, Any] = {
    "name": "",
    "description": "",
    "instructions": "",
    "tools": [],
    "tool_resources": {},
    "metadata": {},
    "temperature": 1.0,
    "top_p": 1.0,
    "reasoning_effort": "",
    "response_format": auto(),
}


def usable(user: User) -> AssistantQuerySet:
    """The user's own assistants and those shared with them, by name."""
    return Assistant.objects.usable_by(user).order_by("name", "number")


def get(user: User, assistant_id: str) -> Assistant:
    """One that the user may use; any other answers like one that does not exist: ``Absent``."""
    assistant = Assistant.objects.usable_by(user).filter(id=assistant_id).first()
    if assistant is None:
        raise Absent("assistant", assistant_id)
    return assistant


def own(user: User, assistant_id: str) -> Assistant:
    """One that the user may change. Raises ``NotAllowed`` for one that is shared with them, else as ``get``."""
    assistant = get(user, assistant_id)
    if assistant.owner_id != user.pk:
        raise NotAllowed(f"The assistant {assistant_id!r} is shared with you; only its owner can change it.")
    return assistant


@transaction.atomic
def create(user: User, **fields: Any) -> Assistant:
    """A new assistant of the user's own. ``fields`` are the API's (reference, section 3), None for what is cleared.

    Raises ``InvalidRequest`` for tools that cannot be, ``NotFound`` for files or stores that are not the user's.
    """
    assistant = Assistant.objects.create(owner=user, **columns(user, fields))
    add_uses(assistant)
    return assistant


@transaction.atomic
def update(user: User, assistant_id: str, **fields: Any) -> Assistant:
    """Change the ``fields`` given and leave the others. Raises ``NotAllowed`` for one that is shared with the user."""
    assistant = own(user, assistant_id)
    changed = columns(user, fields)
    for name, value in changed.items():
        setattr(assistant, name, value)
    assistant.save(update_fields=list(changed))
    if "tool_resources" in changed:
        replace_uses(assistant)
    return assistant


def delete(user: User, assistant_id: str) -> None:
    """Old runs and messages go on naming it. Raises ``NotAllowed`` as ``update``."""
    own(user, assistant_id).delete()


def columns(user: User, fields: dict[str, Any]) -> dict[str, Any]:
    """The API's ``fields``, checked, as columns of an assistant or a run."""
    found: dict[str, Any] = {name: CLEARED.get(name) if value is None else value for name, value in fields.items()}
    if "tools" in found:
        declarations.check(found["tools"])
        found["tools"] = declarations.normalised(found["tools"])
    if "response_format" in found:
        declarations.check_response_format(found["response_format"])
    if "tool_resources" in found:
        found["tool_resources"] = tool_resources.checked(user, found["tool_resources"])
    return found
