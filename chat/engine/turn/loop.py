"""One turn of the model: a request in, happenings out. No Django and no I/O but the provider's stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from chat.engine.turn.usage import UsageMeter
from chat.errors import ContextOverflow, OutputTooLong
from chat.providers.base import ChatProvider, Finish, Request, Text, ToolCall, ToolCallPiece
from chat.providers.storable import storable_text

MAX_SHRINKS = 3  # how often a transcript that does not fit is halved before giving up


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The model's turn is whole. ``calls`` are the functions that it asks for, in order."""

    reason: Literal["stop", "length", "tool_calls", "content_filter"]
    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class AnswerLimit:
    """The longest answer of one turn, in bytes of UTF-8: its text, and the arguments of its calls."""

    text: int
    arguments: int


TurnEvent = Text | ToolCallPiece | TurnEnded


async def stream_turn(
    provider: ChatProvider, *, ask: Callable[[int], Request], meter: UsageMeter, limit: AnswerLimit
) -> AsyncGenerator[TurnEvent, None]:
    """Ask the model once and yield what it says and calls, then ``TurnEnded``. ``meter`` counts along.

    ``ask(n)`` makes the request whose transcript is 2**n times shorter than the context allows; n grows when the
    provider says that the turns do not fit before it said a word. An answer that passes ``limit`` is cut off there, and
    ends for the reason ``length``. Raises ``ProviderError``, and what ``ask`` raises.
    """
    refused: ContextOverflow | None = None
    for shrink in range(MAX_SHRINKS + 1):
        has_begun = False
        try:
            request = ask(shrink)
        except OutputTooLong:
            raise  # whoever found the turns too long: a shorter thread would not help
        except ContextOverflow as error:
            raise refused or error from None  # shorter still would not fit either
        try:
            meter.request = request
            async with aclosing(_stream_pieces(provider, request, meter, limit)) as happenings:
                async for happening in happenings:
                    has_begun = True
                    yield happening
        except ContextOverflow as error:
            if has_begun or shrink == MAX_SHRINKS:
                raise
            refused = error
        else:
            return


async def _stream_pieces(
    provider: ChatProvider, request: Request, meter: UsageMeter, limit: AnswerLimit
) -> AsyncGenerator[TurnEvent, None]:
    reason = Finish("stop").reason
    calls = _Calls(most=None if request.parallel_tool_calls else 1)
    text_room, arguments_room = _Room(limit.text), _Room(limit.arguments)
    # Closing the stream is what stops the model when the run is stopped, or the answer is too long.
    async with aclosing(provider.stream(request)) as pieces:
        async for piece in pieces:
            meter.hear(piece)
            match piece:
                case Text() if text := text_room.fill(storable_text(piece.value)):
                    yield piece if text == piece.value else replace(piece, value=text)
                case ToolCallPiece() if calls.takes(piece):
                    whole = replace(piece, arguments=arguments_room.fill(storable_text(piece.arguments)))
                    calls.add(whole)
                    yield whole
                case Finish():
                    reason = piece.reason
            if text_room.is_over or arguments_room.is_over:
                reason = "length"
                break
    yield TurnEnded(reason=reason, calls=calls.joined())


class _Room:
    """The bytes of UTF-8 that may still come; ``is_over`` once more than that have."""

    def __init__(self, most: int) -> None:
        self._left = most

    @property
    def is_over(self) -> bool:
        return self._left < 0

    def fill(self, text: str) -> str:
        """Return the part of ``text`` for which there is room."""
        data = text.encode()
        self._left -= len(data)
        return data[: self._left].decode(errors="ignore") if self.is_over else text


class _Calls:
    """The calls of a turn as their pieces come. Asked for one call at a time, some models make several all the same:
    the first ``most`` count.
    """

    def __init__(self, *, most: int | None) -> None:
        self._most = most
        self._begun: dict[int, ToolCall] = {}
        self._arguments: dict[int, list[str]] = {}

    def takes(self, piece: ToolCallPiece) -> bool:
        return piece.index in self._begun or self._most is None or len(self._begun) < self._most

    def add(self, piece: ToolCallPiece) -> None:
        self._begun.setdefault(piece.index, ToolCall(piece.id or "", piece.name or "", arguments=""))
        self._arguments.setdefault(piece.index, []).append(piece.arguments)

    def joined(self) -> tuple[ToolCall, ...]:
        """Return the calls by index."""
        return tuple(
            replace(self._begun[index], arguments="".join(self._arguments[index])) for index in sorted(self._begun)
        )
