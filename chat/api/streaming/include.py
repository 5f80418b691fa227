"""``include[]``: the text that file search found is shown only when it is asked for (reference, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from chat.api.http.query_params import Asked
from chat.models.run_shapes import FoundPassage, StepObject, ToolCallObject

Include = Literal["step_details.tool_calls[*].file_search.results[*].content"]


class Including(Asked):
    include: list[Include] = []


def trimmed(step: StepObject, *, include: Sequence[Include]) -> StepObject:
    """The object of a step without what is not included."""
    details = step["step_details"]
    if include or details["type"] != "tool_calls":
        return step
    calls = [_trimmed_call(call) for call in details["tool_calls"]]
    return {**step, "step_details": {**details, "tool_calls": calls}}


def _trimmed_call(call: ToolCallObject) -> ToolCallObject:
    if call["type"] != "file_search":
        return call
    search = call["file_search"]
    results = [_without_content(result) for result in search["results"]]
    return {**call, "file_search": {**search, "results": results}}


def _without_content(result: FoundPassage) -> FoundPassage:
    shown: FoundPassage = {**result}
    shown.pop("content", None)
    return shown
