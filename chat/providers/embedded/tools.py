"""Tools for a model too small to ask for them: its choice is *guided* by JSON schemas that the server enforces.

Two passes: first an enum of the tools' names and "reply directly", with four worked examples; then the schema of the
chosen tool. After a result the model answers and is not asked again, or it would call for ever.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import uuid4

from chat.errors import ProviderError
from chat.providers.base import Function, Piece, Request, Text, ToolCall, Turn, Usage

DIRECTLY = "reply_directly"

CHOOSE = "Pick the one tool that fits the message. Reply with JSON."
EXAMPLE_TOOLS = (
    Function("find_in_files", "Search the user's files"),
    Function("switch_light", "Switch a light on or off"),
)
EXAMPLES = (
    ("Can you look in my PDF for the delivery date?", "find_in_files"),
    ("Good morning!", DIRECTLY),
    ("Turn the kitchen light on.", "switch_light"),
    ("Tell me a joke.", DIRECTLY),
)

CHOICE_TOKENS = 64
ARGUMENT_TOKENS = 512
TURNS_FOR_ARGUMENTS = 3


class Model(Protocol):
    """Where answers come from: any provider is one."""

    def stream(self, request: Request) -> AsyncIterator[Piece]: ...


@dataclass(frozen=True, slots=True)
class Choice:
    """What the model wants: ``call``, or None to answer directly. ``usage`` is what choosing cost."""

    call: ToolCall | None = None
    usage: Usage = Usage()  # noqa: RUF009 -- frozen


async def choose(model: Model, request: Request) -> Choice:
    """Let ``model`` choose among ``request.functions`` and fill in the arguments.

    Raises ``ProviderError`` as ``model`` does, and when the arguments come out broken.
    """
    if not request.functions or request.tool_choice == "none" or request.turns[-1].role == "tool":
        return Choice()
    functions = {function.name: function for function in request.functions}
    name, usage = await _choose_name(model, request, functions)
    if name not in functions:
        return Choice(usage=usage)
    arguments, more = await _fill_in(model, request, functions[name])
    return Choice(ToolCall(f"call_{uuid4().hex[:24]}", name, arguments), usage + more)


async def _choose_name(model: Model, request: Request, functions: Mapping[str, Function]) -> tuple[str, Usage]:
    if isinstance(request.tool_choice, Mapping):
        return request.tool_choice["name"], Usage()
    names = [*functions] if request.tool_choice == "required" else [*functions, DIRECTLY]
    if len(names) == 1:
        return names[0], Usage()
    schema = {
        "type": "object",
        "properties": {"tool": {"enum": names}},
        "required": ["tool"],
        "additionalProperties": False,
    }
    text, usage = await _ask(
        model,
        Request(
            model=request.model,
            turns=_choice_turns(request, functions.values()),
            temperature=0,
            max_tokens=CHOICE_TOKENS,
            response_format=_format("choice", schema),
        ),
    )
    return str((_object(text) or {}).get("tool", DIRECTLY)), usage


def _choice_turns(request: Request, functions: Iterable[Function]) -> list[Turn]:
    """The examples stand first, so that the server reads them once and keeps them."""
    turns = [Turn("system", CHOOSE)]
    for message, tool in EXAMPLES:
        turns += [Turn("user", _menu(EXAMPLE_TOOLS, message)), Turn("assistant", json.dumps({"tool": tool}))]
    message = next((turn.text for turn in reversed(request.turns) if turn.role == "user"), "")
    return [*turns, Turn("user", _menu(functions, message))]


def _menu(functions: Iterable[Function], message: str) -> str:
    tools = [f"- {function.name}: {function.description}" for function in functions]
    return "\n".join(["Tools:", *tools, f"- {DIRECTLY}: no tool is needed", f"Message: {message}"])


async def _fill_in(model: Model, request: Request, function: Function) -> tuple[str, Usage]:
    """The arguments of ``function`` as JSON text."""
    if not function.parameters.get("properties"):
        return "{}", Usage()
    told = f"Fill in the arguments of the tool {function.name} for the user's message. Reply with JSON only."
    about = f"The tool: {function.description}\nIts arguments: {json.dumps(function.parameters.get('properties'))}"
    spoken = [Turn(turn.role, turn.text) for turn in request.turns if turn.role in {"user", "assistant"} and turn.text]
    asked = Request(
        model=request.model,
        turns=[Turn("system", f"{told}\n{about}"), *spoken[-TURNS_FOR_ARGUMENTS:]],
        temperature=0,
        max_tokens=ARGUMENT_TOKENS,
        response_format=_format(function.name, {"additionalProperties": False, **function.parameters}),
    )
    try:
        text, usage = await _ask(model, asked)
    except ProviderError:  # llama.cpp refuses schemas with references or patterns that it cannot compile
        text, usage = await _ask(model, replace(asked, response_format={"type": "json_object"}))
    if _object(text) is None:
        raise ProviderError(f"The embedded model could not fill in the arguments of {function.name!r}.")
    return text, usage


def _format(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}


async def _ask(model: Model, request: Request) -> tuple[str, Usage]:
    text, usage = "", Usage()
    async for piece in model.stream(request):
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
