"""Parses the chunks of a streamed Chat Completion into pieces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from chat.errors import ProviderError, Unreachable
from chat.providers.base import Finish, Piece, Text, Usage
from chat.providers.openai.rejections import Rejection
from chat.providers.openai.stream.chunk_decoder import (
    Choice,
    decode_chunk,
    decode_json,
    ends_in_half,
    join_surrogates,
)
from chat.providers.openai.stream.tool_call_parser import ToolCallParser

DONE = b"[DONE]"
MAX_COUNT = 10**9  # tokens; what a server reports beyond means nothing, and no column holds it
_REASONS: dict[str, Literal["stop", "length", "tool_calls", "content_filter"]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "function_call": "tool_calls",
    "max_tokens": "length",
    "model_length": "length",
}


class ChunkParser:
    """Parses one answer. ``is_done`` is set once nothing more is to be expected."""

    __slots__ = ("_failure", "_is_refusal", "_reason", "_text", "_tool_calls", "_usage", "is_done")

    def __init__(self) -> None:
        self._text: list[str] = []
        self._is_refusal = False  # what ``_text`` is
        self._tool_calls = ToolCallParser()
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._failure: Rejection | ProviderError | None = None
        self.is_done = False

    @property
    def is_whole(self) -> bool:
        """The model has said why it stopped, so nothing of its answer is missing."""
        return self._reason is not None

    def parse(self, events: Iterable[bytes]) -> list[Piece]:
        """Return the pieces in some chunks, neighbouring texts joined into one."""
        pieces: list[Piece] = []
        for event in events:
            if event == DONE:
                self.is_done = True
                break
            try:
                self._parse_chunk(event, pieces)
            except (Rejection, ProviderError) as failure:
                # Raised by ``finish``: what came before it is handed out first.
                self._failure = failure
                self.is_done = True
                break
        self._flush(pieces, is_last=False)
        return pieces

    def parse_rest(self, events: Iterable[bytes]) -> list[Piece]:
        """Return the pieces in what remained when the connection closed."""
        pieces = self.parse(events)
        # Half a chunk counts as not sent.
        if isinstance(self._failure, ProviderError):
            self._failure = None
        return pieces

    def finish(self) -> list[Piece]:
        """Return the last pieces. Raise ``Rejection`` or ``ProviderError`` if the answer did not come to its end."""
        if self._failure is not None:
            raise self._failure
        if self._reason is None or self._reason == "error":
            raise Unreachable("The connection to the model's server broke before the answer was complete. Try again.")
        pieces: list[Piece] = []
        self._flush(pieces, is_last=True)
        finish = self._finish()
        if finish.reason == "tool_calls":
            pieces += self._tool_calls.finish()
        if self._usage is not None:
            pieces.append(self._usage)
        return [*pieces, finish]

    def _parse_chunk(self, event: bytes, pieces: list[Piece]) -> None:
        chunk = decode_chunk(event)
        for choice in chunk.choices or ():
            if choice is not None and (choice.index == 0 or not _is_another(choice.index)):
                self._parse_choice(choice, pieces)
        if chunk.usage is not None:
            self._usage = _parse_usage(chunk.usage) or self._usage
        if chunk.error or chunk.object == "error":
            raise Rejection(0, decode_json(event))

    def _parse_choice(self, choice: Choice, pieces: list[Piece]) -> None:
        delta = choice.delta or choice.message
        if delta is not None:
            if text := delta.content or delta.refusal:
                if bool(delta.content) == self._is_refusal:
                    self._flush(pieces, is_last=True)
                    self._is_refusal = not delta.content
                self._text.append(text if type(text) is str else _join_parts(text))
            if delta.tool_calls or delta.function_call:
                self._flush(pieces, is_last=True)
                pieces.extend(
                    self._tool_calls.parse(delta.tool_calls or [{"index": 0, "function": delta.function_call}])
                )
        if choice.finish_reason or choice.message:
            self._reason = str(choice.finish_reason or "stop")

    def _flush(self, pieces: list[Piece], *, is_last: bool) -> None:
        """Hand out the text so far; unless it is the last, half a character waits for its other half."""
        text = "".join(self._text)
        self._text.clear()
        if text.isascii():
            if text:
                pieces.append(Text(text, self._is_refusal))
            return
        if not is_last and ends_in_half(text):
            self._text.append(text[-1])
            text = text[:-1]
        if text:
            pieces.append(Text(join_surrogates(text), self._is_refusal))

    def _finish(self) -> Finish:
        # "stop" for reasons that only one server knows; "tool_calls" exactly when there are calls to make.
        reason = _REASONS.get(self._reason or "", "stop")
        if reason in ("stop", "tool_calls"):
            return Finish("tool_calls" if self._tool_calls else "stop")
        return Finish(reason)


def _is_another(index: object) -> bool:
    """Return whether a choice is another than the one that was asked for. An index that is no number means nothing."""
    return isinstance(index, int | float | str) and index not in ("0", "")


def _join_parts(content: object) -> str:
    """Return the text of a content that comes as a list of parts, without those that are thoughts.

    Raise ``ProviderError`` for a content that holds no text at all.
    """
    parts = content if isinstance(content, list) else [content]
    texts = [part.get("text") if isinstance(part, dict) and part.get("type") == "text" else part for part in parts]
    if not all(isinstance(text, str | dict | None) for text in texts):
        raise ProviderError("The model's server sent an answer whose text cannot be read.")
    return "".join(text for text in texts if isinstance(text, str))


def _parse_usage(usage: object) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    return Usage(
        prompt=_count(usage, "prompt_tokens"),
        completion=_count(usage, "completion_tokens"),
        cached=_count(usage.get("prompt_tokens_details"), "cached_tokens"),
        reasoning=_count(usage.get("completion_tokens_details"), "reasoning_tokens"),
    )


def _count(counts: object, name: str) -> int:
    """Return a number of tokens; 0, which stands for unknown, if it is none."""
    value: Any = counts.get(name) if isinstance(counts, dict) else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 < value <= MAX_COUNT else 0
