"""Conversion of bodies in the form of the first Assistants API to that of the second. The new form stays as it is.

Errors in a body are left to the validation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from chat.api import schemas
from chat.api.http.validation_errors import refusal_for
from chat.errors import inside
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH

Convert = Callable[[Any], Any]
MAX_FILES = 10  # of one message
TOOL_TYPES = {"retrieval": FILE_SEARCH}  # new type by old type
# A file of a message was for whatever tools the next run had.
EVERY_TOOL = [{"type": FILE_SEARCH}, {"type": CODE_INTERPRETER}]


class MessageFiles(schemas.Body):
    file_ids: Annotated[list[schemas.Id], Field(max_length=MAX_FILES)] | None


def convert_body(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the ``body`` of a request to ``path`` in the new form. Raise ``InvalidRequest`` for wrong ``file_ids``."""
    for pattern, convert in CONVERSIONS.items():
        if re.search(pattern, path):
            converted: dict[str, Any] = convert(body)
            return converted
    return body


def convert_tool(value: Any) -> Any:
    """Convert a tool, or the choice of one."""
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        return value | {"type": TOOL_TYPES.get(value["type"], value["type"])}
    return value


def convert_message(value: Any) -> Any:
    """Convert a message: its ``file_ids`` become attachments. Raise ``InvalidRequest`` if they are invalid."""
    if not isinstance(value, dict) or "file_ids" not in value or "attachments" in value:
        return value
    file_ids = value["file_ids"]
    try:
        MessageFiles(file_ids=file_ids)
    except ValidationError as invalid:
        error = invalid.errors(include_url=False)[0]
        error["loc"] = ("body", *error["loc"])  # where an argument of an operation has its name
        raise refusal_for(error, value=value) from None
    attachments = [{"file_id": file_id, "tools": EVERY_TOOL} for file_id in file_ids or ()]
    return {name: value for name, value in value.items() if name != "file_ids"} | {"attachments": attachments}


def convert_items(convert: Convert) -> Convert:
    """Return a function that converts each item of a list."""

    def convert_each(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        converted = []
        for index, item in enumerate(value):
            with inside(f"[{index}]"):
                converted.append(convert(item))
        return converted

    return convert_each


def convert_fields(conversions: Mapping[str, Convert]) -> Convert:
    """Return a function that converts fields of an object, by name."""

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        converted = dict(value)
        for name in conversions.keys() & value.keys():
            with inside(name):
                converted[name] = conversions[name](value[name])
        return converted

    return convert


THREAD = {"messages": convert_items(convert_message)}
RUN = {
    "tools": convert_items(convert_tool),
    "tool_choice": convert_tool,
    "additional_messages": convert_items(convert_message),
    "thread": convert_fields(THREAD),
}
CONVERSIONS: dict[str, Convert] = {
    r"/assistants(/[^/]+)?$": convert_fields({"tools": convert_items(convert_tool)}),
    r"/threads$": convert_fields(THREAD),
    r"/threads/([^/]+/)?runs$": convert_fields(RUN),
    r"/threads/[^/]+/messages$": convert_message,
}
