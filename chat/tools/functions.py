"""Functions: the model asks, a program answers (reference, sections 6.4 and 8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chat.providers.base import Function


def declared(tools: Iterable[Mapping[str, Any]]) -> list[Function]:
    """The functions among an assistant's or run's ``tools``, as a provider wants them."""
    specs = [tool["function"] for tool in tools if tool["type"] == "function"]
    return [
        Function(
            name=spec["name"],
            description=spec.get("description") or "",
            parameters=spec.get("parameters") or {"type": "object", "properties": {}},
            strict=bool(spec.get("strict")),
        )
        for spec in specs
    ]


def choice(tool_choice: str | Mapping[str, Any]) -> str | Mapping[str, str]:
    """The API's ``tool_choice`` in the terms of ``providers.base.Request``."""
    if isinstance(tool_choice, str):
        return tool_choice
    if tool_choice["type"] == "function":
        return {"name": tool_choice["function"]["name"]}
    return "auto"
