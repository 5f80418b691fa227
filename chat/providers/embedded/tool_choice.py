"""Makes a model call tools that is too small to ask for them, by questions with JSON schemas; see ``tool_prompts``.

The model's server enforces the schemas. Used by ``provider``.
"""

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


class ChatModel(Protocol):
    """The part of a provider that is needed here."""

    def stream(self, request: Request) -> AsyncIterator[Piece]: ...


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """``call`` is None if the model would rather answer. ``usage`` are the tokens that choosing took."""

    call: ToolCall | None = None
    usage: Usage = field(default_factory=Usage)


async def choose_tool(model: ChatModel, request: Request) -> ToolChoice:
    """Let ``model`` choose among ``request.functions`` and fill in the arguments.

    Raise ``ProviderError`` as ``model`` does, and when the arguments come out broken.
    """
    # After the result of a tool the model is not asked, or it would call for ever.
    if not request.functions or request.tool_choice == "none" or request.turns[-1].role == "tool":
        return ToolChoice()
    functions = {function.name: function for function in request.functions}
    name, usage = await _choose_name(model, request, list(functions))
    if name not in functions:
        return ToolChoice(usage=usage)
    arguments, more = await _fill_in(model, request, functions[name])
    usage += more
    return ToolChoice(ToolCall(f"call_{uuid4().hex[:24]}", name, arguments) if arguments else None, usage)


async def _choose_name(model: ChatModel, request: Request, names: list[str]) -> tuple[str, Usage]:
    if isinstance(request.tool_choice, Mapping):
        return request.tool_choice["name"], Usage()
    if request.tool_choice != "required":
        names = [*names, tool_prompts.DIRECTLY]
    if len(names) == 1:
        return names[0], Usage()
    turns = tool_prompts.choice_turns(request.functions, message=_last_user_text(request))
    text, usage = await _ask(model, request.model, turns, tool_prompts.choice_format(names), CHOICE_TOKENS)
    return (_parse_object(text) or {}).get("tool", tool_prompts.DIRECTLY), usage


async def _fill_in(model: ChatModel, request: Request, function: Function) -> tuple[str, Usage]:
    """Return the arguments as JSON text; empty when code was wanted and the model wrote none."""
    if not function.parameters.get("properties"):
        return "{}", Usage()
    if tool_prompts.takes_code(function):
        turns = tool_prompts.code_turns(_last_user_text(request))
        text, usage = await _ask(model, request.model, turns, "auto", CODE_TOKENS)
        code = tool_prompts.parse_code(text)
        return json.dumps({"code": code}) if code else "", usage
    turns = tool_prompts.argument_turns(function, message=_last_user_text(request))
    try:
        text, usage = await _ask(model, request.model, turns, tool_prompts.argument_format(function), ARGUMENT_TOKENS)
    except ProviderError:
        # The server cannot enforce every schema: patterns, references.
        text, usage = await _ask(model, request.model, turns, {"type": "json_object"}, ARGUMENT_TOKENS)
    if _parse_object(text) is None:
        raise ProviderError(f"The embedded model could not fill in the arguments of {function.name!r}.")
    return text, usage


def _last_user_text(request: Request) -> str:
    return next((turn.text for turn in reversed(request.turns) if turn.role == "user"), "")


async def _ask(
    model: ChatModel, name: str, turns: list[Turn], response_format: str | Mapping[str, Any], max_tokens: int
) -> tuple[str, Usage]:
    request = Request(name, turns, temperature=0, max_tokens=max_tokens, response_format=response_format)
    text, usage = "", Usage()
    async for piece in model.stream(request):
        match piece:
            case Text():
                text += piece.value
            case Usage():
                usage = piece
    return text, usage


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
