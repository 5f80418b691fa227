"""What the door knows of a request by the time that an operation sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from django.http import HttpRequest

from chat.models import ApiKey, User
from chat.models.objects import Object

Beta = Literal["v1", "v2", ""]  # which Assistants API the client speaks; "": it does not say
ShowEvent = Callable[[str, Object], tuple[str, Object]]  # an event's name and object, as the client knows them


class ApiRequest(HttpRequest):
    """A request that came with a key. ``given`` is its body, if it has one.

    ``event_shape(assistant_id)`` returns how the client is shown the events of a run of that assistant.
    """

    request_id: str
    user: User
    api_key: ApiKey
    beta: Beta
    event_shape: Callable[[str | None], ShowEvent]
    given: dict[str, Any]


def bracketed(name: str, description: str) -> dict[str, Any]:
    """A query parameter ``name[key]=value`` for the documentation."""
    values = {"type": "object", "additionalProperties": {"type": "string"}}
    return {"in": "query", "name": name, "description": description, "style": "deepObject", "schema": values}
