"""``include[]``: the text that file search found is shown only when it is asked for (reference, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ninja import Schema

from chat.models.objects import Object

Include = Literal["step_details.tool_calls[*].file_search.results[*].content"]


class Including(Schema):
    include: list[Include] = []


def trimmed(step: Object, *, include: Sequence[Include]) -> Object:
    """The object of a step without what is not included."""
    calls = step["step_details"].get("tool_calls", [])
    if include or not any(call["type"] == "file_search" for call in calls):
        return step
    return step | {"step_details": step["step_details"] | {"tool_calls": [_trimmed_call(call) for call in calls]}}


def _trimmed_call(call: Object) -> Object:
    if call["type"] != "file_search":
        return call
    results = [{name: value for name, value in result.items() if name != "content"} for result in _results(call)]
    return call | {"file_search": call["file_search"] | {"results": results}}


def _results(call: Object) -> list[Object]:
    found: list[Object] = call["file_search"].get("results") or []
    return found
