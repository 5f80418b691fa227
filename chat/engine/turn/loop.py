"""One turn of the model: a request in, happenings out. No Django and no I/O but the provider's stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from chat.engine.turn.usage import UsageMeter
from chat.errors import ContextOverflow
from chat.providers.base import ChatProvider, Finish, Request, Text, ToolCall, ToolCallPiece
from chat.providers.storable import storable_text

MAX_SHRINKS = 3  # how often a transcript that does not fit is halved before giving up


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The model's turn is whole. ``calls`` are the functions that it asks for, in order."""

    reason: Literal["stop", "length", "tool_calls", "content_filter"]
    calls: tuple[ToolCall, ...]


TurnEvent = Text | ToolCallPiece | TurnEnded


async def stream_turn(
    provider: ChatProvider, *, ask: Callable[[int], Request], meter: UsageMeter
) -> AsyncGenerator[TurnEvent, None]:
    """Ask the model once and yield what it says and calls, then ``TurnEnded``. ``meter`` counts along.

    ``ask(n)`` makes the request whose transcript is 2**n times shorter than the context allows; n grows when the
    provider says that the turns do not fit before it said a word. Raises ``ProviderError``, and what ``ask`` raises.
    """
    refused: ContextOverflow | None = None
    for shrink in range(MAX_SHRINKS + 1):
        has_begun = False
        try:
            request = ask(shrink)
        except ContextOverflow as error:
            raise refused or error from None  # shorter still would not fit either
        try:
            meter.request = request
            async with aclosing(_stream_pieces(provider, request, meter)) as happenings:
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
    provider: ChatProvider, request: Request, meter: UsageMeter
) -> AsyncGenerator[TurnEvent, None]:
    reason = Finish("stop").reason
    calls: dict[int, ToolCall] = {}
    # Closing the stream is what stops the model when the run is stopped.
    async with aclosing(provider.stream(request)) as pieces:
        async for piece in pieces:
            meter.hear(piece)
            match piece:
                case Text():
                    yield Text(storable_text(piece.value))
                case ToolCallPiece():
                    # Asked for one call at a time, some models make several all the same: the first one counts.
                    if request.parallel_tool_calls or not calls or piece.index in calls:
                        arguments = storable_text(piece.arguments)
                        call = calls.get(piece.index) or ToolCall(piece.id or "", piece.name or "", arguments="")
                        calls[piece.index] = replace(call, arguments=call.arguments + arguments)
                        yield replace(piece, arguments=arguments)
                case Finish():
                    reason = piece.reason
    yield TurnEnded(reason=reason, calls=tuple(calls[index] for index in sorted(calls)))
