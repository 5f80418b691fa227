"""Functions: the model asks, a program answers (reference, sections 6.4 and 8)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from chat.providers.base import Function
from chat.providers.tool_names import FUNCTION

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # reference, section 8
KEYS = {"name", "description", "parameters", "strict"}
MAX_TOOLS = 128  # reference, section 4
NO_PARAMETERS = {"type": "object", "properties": {}}


def declared_functions(tools: Iterable[Mapping[str, Any]]) -> list[Function]:
    """The functions among an assistant's or run's ``tools``, as a provider wants them."""
    specs = [tool["function"] for tool in tools if tool["type"] == FUNCTION]
    return [
        Function(
            name=spec["name"],
            description=spec.get("description") or "",
            parameters=spec.get("parameters") or NO_PARAMETERS,
            strict=bool(spec.get("strict")),
        )
        for spec in specs
    ]


def api_function(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A function as the API shows it: with ``parameters`` and ``strict``, and a description if it has one."""
    described = {"description": spec["description"]} if spec.get("description") is not None else {}
    return {
        "name": spec["name"],
        **described,
        "parameters": spec.get("parameters") or NO_PARAMETERS,
        "strict": bool(spec.get("strict")),
    }
