"""An answer that comes in pieces, as the objects of Chat Completions: one whole, or chunk by chunk."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

from typing_extensions import TypedDict

from chat.models.ids import new_id
from chat.providers.base import Finish, Piece, Text, ToolCallPiece, Usage

Chunk = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Extra:
    """Fields of a delta that no provider has a piece for: ``reasoning_content``, ``annotations``, ``images`` …"""

    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing came for a while."""


AnswerPiece = Piece | Extra | Silence


FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


class CompletionChoice(TypedDict):
    index: int
    message: dict[str, Any]
    logprobs: None
    finish_reason: FinishReason


class ChatCompletionObject(TypedDict):
    """The answer of our own models and of assistants; what a provider's server answers is passed on."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: dict[str, Any]


@dataclass
class Completion:
    """An answer under the ``model`` name that the program used. With ``shows_usage`` a last chunk has the tokens."""

    model: str
    shows_usage: bool = False
    id: str = field(default_factory=lambda: new_id("chatcmpl-", 29))
    created: int = field(default_factory=lambda: int(time.time()))
    message: dict[str, Any] = field(default_factory=lambda: {"role": "assistant", "content": None, "refusal": None})
    usage: Usage = field(default_factory=Usage)
    finish_reason: FinishReason = "stop"
    has_begun: bool = False

    def chunks(self, piece: AnswerPiece) -> list[Chunk]:
        """Return the chunks that ``piece`` makes, the first of all with the role."""
        if isinstance(piece, Usage):
            self.usage = piece
        if isinstance(piece, Usage | Silence):
            return []
        opening = [] if self.has_begun else [self._chunk({"role": "assistant", "content": ""})]
        self.has_begun = True
        if isinstance(piece, Finish):
            return [*opening, self._chunk({}, finish_reason=piece.reason)]
        return [*opening, self._chunk(_delta(piece))]

    def usage_chunk(self) -> list[Chunk]:
        """Return the chunk that follows the last one where the program asked for the tokens."""
        if not self.shows_usage:
            return []
        return [{**self._head(), "choices": [], "usage": _usage(self.usage)}]

    def add(self, piece: AnswerPiece) -> None:
        """Add ``piece`` to the whole answer."""
        match piece:
            case Usage():
                self.usage = piece
            case Finish():
                self.finish_reason = piece.reason
            case Text():
                name = "refusal" if piece.is_refusal else "content"
                self.message[name] = (self.message.get(name) or "") + piece.value
            case ToolCallPiece():
                self._add_call(piece)
            case Extra():
                for name, value in piece.fields.items():
                    earlier = self.message.get(name)
                    self.message[name] = earlier + value if earlier else value

    def whole(self) -> ChatCompletionObject:
        """Return the answer as one object."""
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{"index": 0, "message": self.message, "logprobs": None, "finish_reason": self.finish_reason}],
            "usage": _usage(self.usage),
        }

    def _add_call(self, piece: ToolCallPiece) -> None:
        calls = self.message.setdefault("tool_calls", [])
        if piece.id is not None:
            function = {"name": piece.name, "arguments": ""}
            calls.append({"id": piece.id, "type": "function", "function": function})
        calls[piece.index]["function"]["arguments"] += piece.arguments

    def _head(self) -> Chunk:
        return {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model}

    def _chunk(self, delta: dict[str, Any], *, finish_reason: str | None = None) -> Chunk:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage = {"usage": None} if self.shows_usage else {}
        return {**self._head(), "choices": [choice], **usage}


def _delta(piece: Text | ToolCallPiece | Extra) -> dict[str, Any]:
    if isinstance(piece, Text):
        return {"refusal" if piece.is_refusal else "content": piece.value}
    if isinstance(piece, Extra):
        return piece.fields
    function = {"name": piece.name} if piece.name is not None else {}
    call: dict[str, Any] = {"index": piece.index, "function": {**function, "arguments": piece.arguments}}
    return {"tool_calls": [call | ({"id": piece.id, "type": "function"} if piece.id is not None else {})]}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
