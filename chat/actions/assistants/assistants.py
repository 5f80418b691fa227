"""Assistants: find those that a user may use, create, change, delete. The page and the API call it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.text import slugify

from chat.actions.assistants import tool_resources
from chat.errors import Absent, ModelNotFound, NotAllowed, inside
from chat.models import Assistant, User
from chat.models.api_objects.objects import assistant_object
from chat.models.api_objects.shapes import AssistantObject
from chat.models.assistants import AssistantQuerySet, auto
from chat.models.prepared_queries import Parameter, PreparedQuery
from chat.models.resource_uses import add_uses, replace_uses
from chat.tools import declarations

ID_PREFIX = "asst_"
ID_END = 8  # characters of an id that tell it from all others of a user
MAX_SLUG = 60  # characters
# The values of fields that were not sent, or that ``null`` clears (reference, section 3).
CLEARED: dict[str, Any] = {
    "name": "",
    "description": "",
    "instructions": "",
    "tools": [],
    "tool_resources": {},
    "metadata": {},
    "reasoning_effort": "",
    "response_format": auto(),
}


@PreparedQuery
def of_id(id: Parameter) -> AssistantQuerySet:
    return Assistant.objects.filter(id=id)


def usable(user: User | Parameter) -> AssistantQuerySet:
    """Return the user's own assistants and those shared with them, by name."""
    return Assistant.objects.usable_by(user).order_by("name", "number")


list_usable = PreparedQuery(usable)  # of a user's primary key


def get(user: User, assistant_id: str) -> Assistant:
    """Return an assistant that the user may use. Raise ``Absent`` for any other, as if it did not exist."""
    assistant = of_id.first(assistant_id)
    if assistant is not None and assistant.is_usable_by(user):
        return assistant
    raise Absent("assistant", assistant_id)


def sees_settings(user: User, assistant: Assistant) -> bool:
    """Return whether the user may read the instructions: the owner may, and staff who see assistants in the admin."""
    return assistant.owner_id == user.pk or (user.is_staff and user.has_perm("chat.view_assistant"))


def object_for(user: User, assistant: Assistant) -> AssistantObject:
    """Return the assistant as the API shows it to the user: without its instructions if they may not read them."""
    shown = assistant_object(assistant)
    if not sees_settings(user, assistant):
        shown["instructions"] = ""
    return shown


def model_name(assistant: Assistant) -> str:
    """Return the name under which chat programs know an assistant: its own name and the end of its id.

    The end makes it unique, and keeps an old name valid when the assistant is renamed.
    """
    words = slugify(assistant.name)[:MAX_SLUG].strip("-") or "assistant"
    return f"{words}-{assistant.id[-ID_END:]}"


def by_model_name(user: User, name: str) -> Assistant | None:
    """Return the assistant of this id or ``model_name``, if the user may use it. None if it names none of theirs.

    Raise ``ModelNotFound`` for the id of no such assistant, which no provider knows either.
    """
    usable = Assistant.objects.usable_by(user)
    if name.startswith(ID_PREFIX):
        assistant = usable.filter(id=name).first()
        if assistant is None:
            raise ModelNotFound(f"The model '{name}' does not exist")
        return assistant
    _words, dash, end = name.rpartition("-")
    if not dash or len(end) != ID_END:
        return None
    # SQLite compares without regard to case.
    return next((assistant for assistant in usable.filter(id__endswith=end) if assistant.id.endswith(end)), None)


def get_own(user: User, assistant_id: str) -> Assistant:
    """Return an assistant that the user may change. Raise ``NotAllowed`` for a shared one, and as ``get``."""
    assistant = get(user, assistant_id)
    if assistant.owner_id != user.pk:
        raise NotAllowed(f"The assistant {assistant_id!r} is shared with you; only its owner can change it.")
    return assistant


@transaction.atomic
def create(user: User, **fields: Any) -> Assistant:
    """Create an assistant of the user's own. ``fields`` are the API's (reference, section 3); None clears one.

    Raise ``InvalidRequest`` for tools that cannot be, ``NotFound`` for files or stores that are not the user's.
    """
    assistant = Assistant.objects.create(owner=user, **columns(user, fields))
    add_uses(assistant)
    return assistant


@transaction.atomic
def update(user: User, assistant_id: str, **fields: Any) -> Assistant:
    """Change the ``fields`` that are passed. Raise as ``get_own`` and ``create``."""
    assistant = get_own(user, assistant_id)
    changed = columns(user, fields)
    for name, value in changed.items():
        setattr(assistant, name, value)
    assistant.save(update_fields=list(changed))
    if "tool_resources" in changed:
        replace_uses(assistant)
    return assistant


def delete(user: User, assistant_id: str) -> None:
    """Delete an assistant; its runs and messages go on naming it. Raise as ``get_own``."""
    get_own(user, assistant_id).delete()


def columns(user: User, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the API's ``fields`` as columns of an assistant or a run. Raise ``InvalidRequest``, ``NotFound``."""
    cleaned: dict[str, Any] = {name: CLEARED.get(name) if value is None else value for name, value in fields.items()}
    if "tools" in cleaned:
        declarations.check(cleaned["tools"])
        cleaned["tools"] = declarations.normalised(cleaned["tools"])
    if "response_format" in cleaned:
        declarations.check_response_format(cleaned["response_format"])
    if "tool_resources" in cleaned:
        with inside("tool_resources"):
            cleaned["tool_resources"] = tool_resources.clean_resources(user, cleaned["tool_resources"])
    return cleaned
