"""A body of Chat Completions as a request to one of our own models, through ``chat.providers.base``."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from chat.api.chat_completions.bodies import (
    Answerable,
    AssistantMessage,
    ImagePart,
    Message,
    ToolMessage,
    UserMessage,
    text_of,
)
from chat.engine import live_providers
from chat.models import Model
from chat.providers.base import Image, Piece, Request, ToolCall, Turn
from chat.tools.functions import declared_functions


def answer_pieces(body: Answerable, *, model: Model) -> AsyncGenerator[Piece, None]:
    """Yield what ``model`` answers to ``body``. Raise ``ProviderError``."""
    return live_providers.of_running_loop().get(model.provider).stream(model_request(body, model=model))


def model_request(body: Answerable, *, model: Model) -> Request:
    """Return the request. What the program did not set is left to the provider."""
    choice = body.tool_choice or "auto"
    return Request(
        model=model.served_as,
        turns=[_turn(message) for message in body.messages],
        functions=declared_functions([tool.model_dump(exclude_none=True) for tool in body.tools or ()]),
        tool_choice=choice if isinstance(choice, str) else {"name": choice.function.name},
        parallel_tool_calls=body.parallel_tool_calls is not False,
        temperature=body.temperature,
        top_p=body.top_p,
        max_tokens=body.limit,
        reasoning_effort=body.reasoning_effort,
        response_format=body.response_format.model_dump(exclude_none=True) if body.response_format else "auto",
    )


def _turn(message: Message) -> Turn:
    text = text_of(message.content)
    match message:
        case UserMessage():
            parts = message.content if isinstance(message.content, list) else []
            content = tuple(
                Image(part.image_url.url, part.image_url.detail) if isinstance(part, ImagePart) else part.text
                for part in parts
            )
            return Turn("user", content or text)
        case AssistantMessage():
            calls = [
                ToolCall(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()
            ]
            return Turn("assistant", text, tool_calls=tuple(calls))
        case ToolMessage():
            return Turn("tool", text, tool_call_id=message.tool_call_id)
        case _:
            return Turn("system", text)
