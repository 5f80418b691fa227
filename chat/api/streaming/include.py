"""``include[]``: the text that file search found is sent only on request (reference, section 3)."""

from __future__ import annotations

from typing import Literal

from chat.api.http.query_params import QueryParams
from chat.models.api_objects.run_shapes import FoundPassage, StepObject, ToolCallObject
from chat.providers.tool_names import FILE_SEARCH

Include = Literal["step_details.tool_calls[*].file_search.results[*].content"]


class IncludeQuery(QueryParams):
    include: list[Include] = []


def hide_passages(step: StepObject) -> StepObject:
    """Return the step without the text of the passages that file search found."""
    details = step["step_details"]
    if details["type"] != "tool_calls":
        return step
    calls = [_hide_in_call(call) for call in details["tool_calls"]]
    return {**step, "step_details": {**details, "tool_calls": calls}}


def _hide_in_call(call: ToolCallObject) -> ToolCallObject:
    if call["type"] != FILE_SEARCH:
        return call
    search = call[FILE_SEARCH]
    results = [_without_content(result) for result in search["results"]]
    return {**call, FILE_SEARCH: {**search, "results": results}}


def _without_content(result: FoundPassage) -> FoundPassage:
    trimmed: FoundPassage = {**result}
    trimmed.pop("content", None)
    return trimmed
