"""The schema at ``/v1/openapi.json``, which the page ``/v1/docs`` shows, from the operations and their annotations.

Responses are described, not checked: that would cost each request.
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

from chat.api.chat_completions.responses import AnswerStream, JsonReply
from chat.api.streaming.sse import EventStream

Schema = dict[str, Any]
DESCRIPTION = """
The Assistants API v2, self-hosted: for programs that were written for OpenAI's, with another `base_url` and key. Chat
completions and embeddings are passed on to the provider that answers the model's name; assistants are models, too.

Make a key at [/account/keys/](/account/keys/) and send it as `Authorization: Bearer KEY`. Here, press *Authorize*; then
*Try it out* sends real requests.
"""
TAGS = (
    "Assistants",
    "Threads",
    "Messages",
    "Runs",
    "Run steps",
    "Files",
    "Uploads",
    "Vector stores",
    "Models",
    "Chat completions",
    "Embeddings",
)
SECURITY = {"key": {"type": "http", "scheme": "bearer", "description": "A key of yours: see /account/keys/."}}
EXAMPLE_EVENTS = """event: thread.run.created
data: {"id": "run_a", "object": "thread.run", "status": "queued"}

event: done
data: [DONE]

"""
EXAMPLE_CHUNKS = """data: {"object": "chat.completion.chunk", "choices": [{"delta": {"content": "Hi"}}]}

data: [DONE]

"""
# Content other than JSON, by the type that an operation returns.
CONTENT_BY_TYPE: dict[type, Schema] = {
    EventStream: {
        "text/event-stream": {
            "schema": {"description": "With `stream: true`: the events of the run, the last one `done`."},
            "example": EXAMPLE_EVENTS,
        }
    },
    AnswerStream: {
        "text/event-stream": {
            "schema": {"description": "With `stream: true`: chunks of the answer, then `[DONE]`."},
            "example": EXAMPLE_CHUNKS,
        }
    },
    JsonReply: {},  # of the same form as ours, from another server
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


class DocumentedSchema(OpenAPISchema):
    """django-ninja's schema with the responses, which it does not know."""

    def operation_details(self, operation: Operation) -> Schema:
        name = operation.view_func.__name__
        details: Schema = super().operation_details(operation)
        return details | {"summary": name.replace("_", " ").capitalize()}

    def responses(self, operation: Operation) -> dict[Any, Schema]:
        """Return the responses by status."""
        returned = get_type_hints(operation.view_func)["return"]
        content: Schema = {}
        for kind in get_args(returned) if get_origin(returned) is UnionType else [returned]:
            content |= CONTENT_BY_TYPE[kind] if kind in CONTENT_BY_TYPE else self.json(kind)
        error = {"description": "Refused, or something went wrong.", "content": self.json(ErrorBody)}
        return {"200": {"description": "Done.", "content": content}, "default": error}

    def json(self, kind: Any) -> Schema:
        """Return a JSON body of the type ``kind``, and add its definitions to the schema."""
        inputs: Any = [("body", "serialization", TypeAdapter(kind))]
        references, definitions = TypeAdapter.json_schemas(inputs, ref_template=REF_TEMPLATE)
        self.add_schema_definitions(definitions["$defs"])
        return {"application/json": {"schema": references["body", "serialization"]}}

    def add_schema_definitions(self, definitions: Schema) -> None:
        for name, shape in definitions.items():
            if self.schemas.setdefault(name, shape) != shape:
                raise ValueError(f"there are two shapes called {name!r}")

    def get_components(self) -> Schema:
        return {**super().get_components(), "securitySchemes": SECURITY}


@cache
def openapi_schema(api: NinjaAPI, *, path_prefix: str) -> DocumentedSchema:
    """Return the schema of ``api``."""
    # Cached: drawing it takes half a second, and anyone may ask.
    return DocumentedSchema(api, path_prefix)
