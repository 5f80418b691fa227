"""Bodies in the form of the first Assistants API, as the second has it. What has the new form already stays as it is.

What is wrong in a body is left for the validation to find.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from chat.api import schemas
from chat.api.http.validation_errors import refusal_for
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH

Convert = Callable[[Any], Any]
MAX_FILES = 10  # of one message
TOOL_TYPES = {"retrieval": FILE_SEARCH}  # by their old names
# A file of a message was for whatever tools the next run had.
EVERY_TOOL = [{"type": FILE_SEARCH}, {"type": CODE_INTERPRETER}]


class MessageFiles(schemas.Body):
    file_ids: Annotated[list[schemas.Id], Field(max_length=MAX_FILES)] | None


def convert_body(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The ``body`` of a request to ``path``. Raises ``InvalidRequest`` for files of a message that cannot be."""
    for address, convert in CONVERSIONS.items():
        if re.search(address, path):
            found: dict[str, Any] = convert(body)
            return found
    return body


def convert_tool(given: Any) -> Any:
    """A tool, or the choice of one."""
    if isinstance(given, dict) and isinstance(given.get("type"), str):
        return given | {"type": TOOL_TYPES.get(given["type"], given["type"])}
    return given


def convert_message(given: Any) -> Any:
    """A message, whose ``file_ids`` become attachments."""
    if not isinstance(given, dict) or "file_ids" not in given or "attachments" in given:
        return given
    file_ids = given["file_ids"]
    try:
        MessageFiles(file_ids=file_ids)
    except ValidationError as invalid:
        error = invalid.errors(include_url=False)[0]
        error["loc"] = ("body", *error["loc"])  # as if it were an argument of the operation
        raise refusal_for(error, value=given) from None
    attachments = [{"file_id": file_id, "tools": EVERY_TOOL} for file_id in file_ids or ()]
    return {name: value for name, value in given.items() if name != "file_ids"} | {"attachments": attachments}


def convert_items(convert: Convert) -> Convert:
    return lambda given: [convert(item) for item in given] if isinstance(given, list) else given


def convert_fields(conversions: Mapping[str, Convert]) -> Convert:
    """The conversion of an object whose parts are converted, by their names."""

    def convert(given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return given | {name: conversions[name](given[name]) for name in conversions.keys() & given.keys()}

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
