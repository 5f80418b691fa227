"""Tools for a model too small to ask for them: the server enforces the JSON schemas that guide it, see ``guides``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from chat.errors import ProviderError
from chat.providers.base import Function, Piece, Request, Text, ToolCall, Turn, Usage
from chat.providers.embedded import tool_prompts

CHOICE_TOKENS = 96
ARGUMENT_TOKENS = 512
CODE_TOKENS = 768


class Model(Protocol):
    """Where answers come from: any provider is one."""

    def stream(self, request: Request) -> AsyncIterator[Piece]: ...


@dataclass(frozen=True, slots=True)
class Choice:
    """``call`` is what the model wants done, None if it would rather answer. ``usage`` is what choosing cost."""

    call: ToolCall | None = None
    usage: Usage = field(default_factory=Usage)


async def choose(model: Model, request: Request) -> Choice:
    """Let ``model`` choose among ``request.functions`` and fill in the arguments.

    After the result of a tool it is not asked, or it would call for ever. Raises ``ProviderError`` as ``model`` does,
    and when the arguments come out broken.
    """
    if not request.functions or request.tool_choice == "none" or request.turns[-1].role == "tool":
        return Choice()
    functions = {function.name: function for function in request.functions}
    name, usage = await _choose_name(model, request, list(functions))
    if name not in functions:
        return Choice(usage=usage)
    arguments, more = await _fill_in(model, request, functions[name])
    usage += more
    return Choice(ToolCall(f"call_{uuid4().hex[:24]}", name, arguments) if arguments else None, usage)


async def _choose_name(model: Model, request: Request, names: list[str]) -> tuple[str, Usage]:
    if isinstance(request.tool_choice, Mapping):
        return request.tool_choice["name"], Usage()
    if request.tool_choice != "required":
        names = [*names, tool_prompts.DIRECTLY]
    if len(names) == 1:
        return names[0], Usage()
    turns = tool_prompts.choice_turns(request.functions, message=_message(request))
    text, usage = await _ask(model, request.model, turns, tool_prompts.choice_format(names), CHOICE_TOKENS)
    return (_object(text) or {}).get("tool", tool_prompts.DIRECTLY), usage


async def _fill_in(model: Model, request: Request, function: Function) -> tuple[str, Usage]:
    """The arguments as JSON text; empty when code was wanted and none was written."""
    if not function.parameters.get("properties"):
        return "{}", Usage()
    if tool_prompts.takes_code(function):
        turns = tool_prompts.code_turns(_message(request))
        text, usage = await _ask(model, request.model, turns, "auto", CODE_TOKENS)
        code = tool_prompts.code_in(text)
        return json.dumps({"code": code}) if code else "", usage
    turns = tool_prompts.argument_turns(function, message=_message(request))
    try:
        text, usage = await _ask(model, request.model, turns, tool_prompts.argument_format(function), ARGUMENT_TOKENS)
    except ProviderError:  # the server cannot enforce every schema: patterns, references
        text, usage = await _ask(model, request.model, turns, {"type": "json_object"}, ARGUMENT_TOKENS)
    if _object(text) is None:
        raise ProviderError(f"The embedded model could not fill in the arguments of {function.name!r}.")
    return text, usage


def _message(request: Request) -> str:
    return next((turn.text for turn in reversed(request.turns) if turn.role == "user"), "")


async def _ask(
    model: Model, name: str, turns: list[Turn], response_format: str | Mapping[str, Any], max_tokens: int
) -> tuple[str, Usage]:
    asked = Request(name, turns, temperature=0, max_tokens=max_tokens, response_format=response_format)
    text, usage = "", Usage()
    async for piece in model.stream(asked):
        match piece:
            case Text():
                text += piece.value
            case Usage():
                usage = piece
    return text, usage


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
