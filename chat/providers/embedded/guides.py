"""The two questions by which a small model is guided to a tool: which one, and with what arguments.

Measured with the 0.5B model on 36 messages and three sets of tools: the tool is right 30 times when the model names the
wish first, 26 to 27 times without. Arguments come out cleaner with two examples than with the bare schema.
The examples stand first, so that the server reads them once and keeps them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chat.providers.base import Function, Turn

DIRECTLY = "reply_directly"
LONGEST_WISH = 60  # characters

_CHOOSE = "Pick the one tool that fits the message. Reply with JSON."
_FILL_IN = "Fill in the arguments of the tool for the message. Reply with JSON."
_FILES = Function(
    "find_in_files",
    "Search the user's files",
    {"properties": {"words": {"type": "string", "description": "What to look for"}}},
)
_LIGHT = Function(
    "switch_light",
    "Switch a light on or off",
    {"properties": {"room": {"type": "string", "description": "Which room"}, "on": {"type": "boolean"}}},
)
_CHOICES = (
    ("Can you look in my PDF for the delivery date?", "look something up in the user's PDF", _FILES.name),
    ("Good morning!", "a greeting", DIRECTLY),
    ("Turn the kitchen light on.", "turn a light on", _LIGHT.name),
    ("Tell me a joke.", "make something up", DIRECTLY),
    ("Who was Napoleon?", "general knowledge", DIRECTLY),
    ("It is dark in here.", "there should be light", _LIGHT.name),
)
_ARGUMENTS: tuple[tuple[Function, str, dict[str, Any]], ...] = (
    (_LIGHT, "Turn the kitchen light on.", {"room": "kitchen", "on": True}),
    (_FILES, "Can you look in my PDF for the delivery date?", {"words": "delivery date"}),
)


def choice_turns(functions: Sequence[Function], *, message: str) -> list[Turn]:
    """Asks which of ``functions`` fits ``message``."""
    asked = [(_menu((_FILES, _LIGHT), text), {"wish": wish, "tool": tool}) for text, wish, tool in _CHOICES]
    return _shown(_CHOOSE, asked, _menu(functions, message))


def choice_format(names: Sequence[str]) -> dict[str, Any]:
    """The response format in which one of ``names`` is chosen, as ``{"wish": …, "tool": …}``."""
    properties = {"wish": {"type": "string", "maxLength": LONGEST_WISH}, "tool": {"enum": names}}
    return _format("choice", {"type": "object", "properties": properties, "required": ["wish", "tool"]})


def argument_turns(function: Function, *, message: str) -> list[Turn]:
    """Asks for the arguments of ``function`` that ``message`` gives."""
    asked = [(_sheet(shown, text), arguments) for shown, text, arguments in _ARGUMENTS]
    return _shown(_FILL_IN, asked, _sheet(function, message))


def argument_format(function: Function) -> dict[str, Any]:
    """The response format of the arguments of ``function``."""
    return _format(function.name, {"type": "object", **function.parameters})


def _format(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    schema = {"additionalProperties": False, **schema}
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}


def _shown(instructions: str, examples: Iterable[tuple[str, dict[str, Any]]], question: str) -> list[Turn]:
    turns = [Turn("system", instructions)]
    for asked, answered in examples:
        turns += [Turn("user", asked), Turn("assistant", json.dumps(answered))]
    return [*turns, Turn("user", question)]


def _menu(functions: Iterable[Function], message: str) -> str:
    tools = [f"- {function.name}: {function.description}" for function in functions]
    return "\n".join(["Tools:", *tools, f"- {DIRECTLY}: no tool is needed", f"Message: {message}"])


def _sheet(function: Function, message: str) -> str:
    head = [f"Tool: {function.name}: {function.description}", "Arguments:"]
    return "\n".join([*head, *_arguments(function.parameters.get("properties", {})), f"Message: {message}"])


def _arguments(properties: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in properties.items():
        described = schema.get("description") if isinstance(schema, Mapping) else None
        yield f"- {name}: {described}" if described else f"- {name}"
