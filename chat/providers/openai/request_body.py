"""A request as the JSON body of Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chat.providers.base import Function, Image, Request, ToolCall, Turn

Body = dict[str, Any]


def body(request: Request) -> Body:
    """The body that every compatible server understands.

    What the request leaves open is left out, so that the server's own default holds: some servers refuse even a
    default that they do not know. ``max_tokens`` carries its old name, see ``chat.providers.openai.dialects``.
    """
    found: Body = {
        "model": request.model,
        "messages": [_message(turn) for turn in request.turns],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    options = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_tokens": request.max_tokens,
        "reasoning_effort": request.reasoning_effort,
        "response_format": None if request.response_format == "auto" else request.response_format,
    }
    found.update((name, value) for name, value in options.items() if value is not None)
    if request.functions:
        found.update(_tools(request))
    return found


def _tools(request: Request) -> Body:
    found: Body = {"tools": [_tool(function) for function in request.functions]}
    choice = request.tool_choice
    if isinstance(choice, Mapping):
        found["tool_choice"] = {"type": "function", "function": {"name": choice["name"]}}
    elif choice != "auto":
        found["tool_choice"] = choice
    if not request.parallel_tool_calls:
        found["parallel_tool_calls"] = False
    return found


def _tool(function: Function) -> Body:
    described: Body = {"name": function.name, "parameters": function.parameters}
    if function.description:
        described["description"] = function.description
    if function.strict:
        described["strict"] = True
    return {"type": "function", "function": described}


def _message(turn: Turn) -> Body:
    if turn.images:
        return {"role": turn.role, "content": _parts(turn)}
    if turn.tool_calls:
        return {
            "role": turn.role,
            "content": turn.text or None,
            "tool_calls": [_call(call) for call in turn.tool_calls],
        }
    if turn.role == "tool":
        return {"role": turn.role, "content": turn.text, "tool_call_id": turn.tool_call_id}
    return {"role": turn.role, "content": turn.text}


def _parts(turn: Turn) -> list[Body]:
    text = [{"type": "text", "text": turn.text}] if turn.text else []
    return [*text, *(_image(image) for image in turn.images)]


def _image(image: Image) -> Body:
    address: Body = {"url": image.url}
    if image.detail != "auto":
        address["detail"] = image.detail
    return {"type": "image_url", "image_url": address}


def _call(call: ToolCall) -> Body:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
