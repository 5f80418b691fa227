"""The request that an operation of the API gets, as the middleware has prepared it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from django.http import HttpRequest

from chat.models import ApiKey, User
from chat.models.api_objects.objects import Object

Beta = Literal["v1", "v2", ""]  # which Assistants API the client speaks; "": it does not say
ConvertEvent = Callable[[str, Object], tuple[str, Object]]  # an event's name and object, as the client knows them


class ApiRequest(HttpRequest):
    """A request that came with a key.

    ``event_converter(assistant_id)`` returns what converts the events of that assistant's runs for this client. None:
    the client sees them as they are. ``json_body`` is the parsed body, if there is one.
    """

    request_id: str
    user: User
    api_key: ApiKey
    beta: Beta
    event_converter: Callable[[str | None], ConvertEvent] | None
    json_body: dict[str, Any]


def deep_object_param(name: str, description: str) -> dict[str, Any]:
    """Return the OpenAPI description of a query parameter ``name[key]=value``."""
    values = {"type": "object", "additionalProperties": {"type": "string"}}
    return {"in": "query", "name": name, "description": description, "style": "deepObject", "schema": values}
