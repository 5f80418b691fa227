"""The settings of a run, frozen when it starts (reference, section 6.1). Called by ``runs.start``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from chat.actions.assistants import assistants
from chat.actions.assistants.tool_resources import LISTS, Resources
from chat.errors import InvalidRequest
from chat.models import Assistant, Thread
from chat.providers.tool_names import FILE_SEARCH, FUNCTION
from chat.tools import declarations

# What a run takes from its assistant unless it is told otherwise.
INHERITED = (
    "model",
    "instructions",
    "tools",
    "tool_resources",
    "temperature",
    "top_p",
    "reasoning_effort",
    "response_format",
)


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run of ``assistant`` that is to be started. ``settings`` (the API's) override the assistant's; None does not.

    ``additional_messages``, each the fields of ``clean_message``, are posted first. With ``searches_attachments`` the
    run searches the files of its thread even if the assistant has no file search.
    """

    assistant: Assistant
    settings: Mapping[str, Any] = field(default_factory=dict)
    additional_messages: Sequence[Mapping[str, Any]] = ()
    searches_attachments: bool = False


def frozen_settings(thread: Thread, new: NewRun) -> dict[str, Any]:
    """Return the columns of a run. Raise ``InvalidRequest`` for settings that cannot be, ``NotFound`` for files."""
    columns = {name: getattr(new.assistant, name) for name in INHERITED}
    overrides = {name: value for name, value in new.settings.items() if value is not None}
    additional_instructions = overrides.pop("additional_instructions", "")
    if overrides:
        columns |= assistants.columns(thread.owner, overrides)
        check_choice(columns.get("tool_choice", "auto"), tools=columns["tools"])
    if additional_instructions:
        columns["instructions"] = "\n\n".join(filter(None, [columns["instructions"], additional_instructions]))
    if new.searches_attachments and FILE_SEARCH in thread.tool_resources:
        columns["tools"] = with_file_search(columns["tools"])
    columns["tool_resources"] = merge(columns["tool_resources"], thread.tool_resources)
    return columns


def check_choice(choice: str | Mapping[str, Any], *, tools: Sequence[Mapping[str, Any]]) -> None:
    """Raise ``InvalidRequest`` when a function is to be called that is not among ``tools``."""
    if isinstance(choice, str) or choice["type"] != FUNCTION:
        return
    name = choice["function"]["name"]
    if name not in [tool["function"]["name"] for tool in tools if tool["type"] == FUNCTION]:
        raise InvalidRequest(
            f"Invalid value for 'tool_choice': the run has no function named {name!r}. Add it to the tools, or choose"
            " one that is there.",
            param="tool_choice",
            code="invalid_value",
        )


def with_file_search(tools: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    if any(tool["type"] == FILE_SEARCH for tool in tools):
        return list(tools)
    return [*tools, *declarations.normalised([{"type": FILE_SEARCH}])]


def merge(*all_resources: Resources) -> dict[str, Any]:
    """Return the ``tool_resources`` of a run: the files and stores of its assistant and of its thread, each once."""
    merged: dict[str, Any] = {}
    for tool, name in LISTS.items():
        ids = [resources[tool].get(name, []) for resources in all_resources if tool in resources]
        if ids:
            merged[tool] = {name: list(dict.fromkeys(chain.from_iterable(ids)))}
    return merged
