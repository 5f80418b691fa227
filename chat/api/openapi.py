"""``/v1/openapi.json`` and the page ``/v1/docs``: drawn from the operations, whose annotations say what they answer.

Answers are described, not checked: that would cost each request.
"""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from django.http.response import HttpResponseBase
from ninja import NinjaAPI
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.operation import Operation
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from chat.api.streaming.sse import EventStream

Described = dict[str, Any]
DESCRIPTION = """
The Assistants API v2, self-hosted: for programs that were written for OpenAI's, with another `base_url` and key.

Make a key at [/account/keys/](/account/keys/) and send it as `Authorization: Bearer KEY`. Here, press *Authorize*; then
*Try it out* sends real requests.
"""
TAGS = ("Assistants", "Threads", "Messages", "Runs", "Run steps", "Files", "Uploads", "Vector stores", "Models")
SECURITY = {"key": {"type": "http", "scheme": "bearer", "description": "A key of yours: see /account/keys/."}}
EVENTS = """event: thread.run.created
data: {"id": "run_a", "object": "thread.run", "status": "queued"}

event: done
data: [DONE]

"""
# What is no JSON, by the type that an operation says it returns.
OTHER_CONTENT: dict[type, Described] = {
    EventStream: {
        "text/event-stream": {
            "schema": {"description": "With `stream: true`: the events of the run, the last one `done`."},
            "example": EVENTS,
        }
    },
    HttpResponseBase: {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


class ErrorObject(TypedDict):
    """``param`` is the parameter that is wrong, ``code`` a word for programs; either may be null."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(TypedDict):
    error: ErrorObject


class Documentation(OpenAPISchema):
    """django-ninja's schema, with the answers that it does not know."""

    def operation_details(self, operation: Operation) -> Described:
        name = operation.view_func.__name__
        details: Described = super().operation_details(operation)
        return details | {"summary": name.replace("_", " ").capitalize()}

    def responses(self, operation: Operation) -> dict[Any, Described]:
        """By status."""
        answer = get_type_hints(operation.view_func)["return"]
        content: Described = {}
        for kind in get_args(answer) if get_origin(answer) is UnionType else [answer]:
            content |= OTHER_CONTENT.get(kind) or self.json(kind)
        refused = {"description": "Refused, or something went wrong.", "content": self.json(ErrorBody)}
        return {"200": {"description": "Done.", "content": content}, "default": refused}

    def json(self, kind: Any) -> Described:
        """A JSON body of the type ``kind``, whose shape joins the others."""
        wanted: Any = [("body", "serialization", TypeAdapter(kind))]
        references, shapes = TypeAdapter.json_schemas(wanted, ref_template=REF_TEMPLATE)
        self.add_schema_definitions(shapes["$defs"])
        return {"application/json": {"schema": references["body", "serialization"]}}

    def add_schema_definitions(self, definitions: Described) -> None:
        for name, shape in definitions.items():
            if self.schemas.setdefault(name, shape) != shape:
                raise ValueError(f"there are two shapes called {name!r}")

    def get_components(self) -> Described:
        return {**super().get_components(), "securitySchemes": SECURITY}


@cache
def documentation_of(api: NinjaAPI, *, path_prefix: str) -> Documentation:
    """Drawn once, since it takes half a second and anyone may ask."""
    return Documentation(api, path_prefix)
