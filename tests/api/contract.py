"""The contract of the API's bodies, which lies beside the repository where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import yaml
from openai.types import CreateEmbeddingResponse
from openai.types.chat import ChatCompletion
from openapi_schema_validator import OAS31Validator

from tests.engine.golden import STREAMS

FILE = STREAMS.parent / "assistants-openapi.yaml"
LIST = {"object": {"const": "list"}, "has_more": {"type": "boolean"}}
CURSOR = {"type": ["string", "null"]}
# What the reference does not have: other APIs, as their SDK has them, and lists of threads, which OpenAI never had.
OURS = {
    "POST /chat/completions": ChatCompletion.model_json_schema(),
    "POST /embeddings": CreateEmbeddingResponse.model_json_schema(),
    "GET /threads": {
        "type": "object",
        "properties": LIST
        | {"first_id": CURSOR, "last_id": CURSOR}
        | {"data": {"type": "array", "items": {"$ref": "#/components/schemas/ThreadObject"}}},
        "required": ["object", "data", "first_id", "last_id", "has_more"],
    },
}

Schema = Mapping[str, Any]


@cache
def contract() -> Mapping[str, Any]:
    """The whole document; skips the test without it."""
    if not FILE.exists():
        pytest.skip("the reference's contract is not beside the repository")
    document: Mapping[str, Any] = yaml.load(FILE.read_text(), Loader=yaml.CSafeLoader)
    return document


def reply_schema(route: str) -> Schema:
    """Of the body with which ``route``, as in ``GET /threads/{thread_id}``, answers when all is well."""
    if route in OURS:
        return OURS[route]
    method, path = route.split(" ")
    reply = contract()["paths"][path][method.lower()]["responses"]["200"]
    schema: Schema = reply["content"]["application/json"]["schema"]
    return schema


def event_schema(name: str) -> Schema:
    """Of the data of a stream's event."""
    kinds = contract()["components"]["schemas"]
    of_groups = [kinds[group].get("oneOf", [kinds[group]]) for group in kinds if group.endswith("StreamEvent")]
    of_events = [each for group in of_groups for each in group if "properties" in each]
    found: list[Schema] = [
        each["properties"]["data"] for each in of_events if name in each["properties"]["event"]["enum"]
    ]
    return found[0]


def refusal_schema() -> Schema:
    return {"$ref": "#/components/schemas/ErrorResponse"}


def complaints(body: Any, schema: Schema) -> list[str]:
    """What in ``body`` is not as ``schema`` says."""
    whole = {**schema, "components": contract()["components"]}
    return [f"{error.json_path}: {error.message[:300]}" for error in OAS31Validator(whole).iter_errors(body)]
