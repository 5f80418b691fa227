"""Builds the JSON body of Chat Completions from a ``Request``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chat.providers.base import Function, Image, Request, ToolCall, Turn

Body = dict[str, Any]


def request_body(request: Request) -> Body:
    """Return a body that every compatible server understands.

    ``max_tokens`` carries its old name, see ``chat.providers.openai.dialects``.
    """
    body: Body = {
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
    # Some servers refuse even the default value of a parameter that they do not know.
    body.update((name, value) for name, value in options.items() if value is not None)
    if request.functions:
        body.update(_tools(request))
    return body


def _tools(request: Request) -> Body:
    tools: Body = {"tools": [_tool(function) for function in request.functions]}
    choice = request.tool_choice
    if isinstance(choice, Mapping):
        tools["tool_choice"] = {"type": "function", "function": {"name": choice["name"]}}
    elif choice != "auto":
        tools["tool_choice"] = choice
    if not request.parallel_tool_calls:
        tools["parallel_tool_calls"] = False
    return tools


def _tool(function: Function) -> Body:
    described: Body = {"name": function.name, "parameters": function.parameters}
    if function.description:
        described["description"] = function.description
    if function.strict:
        described["strict"] = True
    return {"type": "function", "function": described}


def _message(turn: Turn) -> Body:
    if not isinstance(turn.content, str):
        return {"role": turn.role, "content": [_part(part) for part in turn.content]}
    if turn.tool_calls:
        return {
            "role": turn.role,
            "content": turn.content or None,
            "tool_calls": [_call(call) for call in turn.tool_calls],
        }
    if turn.role == "tool":
        return {"role": turn.role, "content": turn.content, "tool_call_id": turn.tool_call_id}
    return {"role": turn.role, "content": turn.content}


def _part(part: str | Image) -> Body:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    address: Body = {"url": part.url}
    if part.detail != "auto":
        address["detail"] = part.detail
    return {"type": "image_url", "image_url": address}


def _call(call: ToolCall) -> Body:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
