"""Responses with an answer in pieces. The first piece is awaited, so that an error before it has a status."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Generic, TypeVar

import msgspec
from asgiref.sync import async_to_sync
from django.http import HttpResponse

from chat.api.chat_completions.completion import AnswerPiece, ChatCompletionObject, Completion, Silence
from chat.api.streaming.event_response import EventResponse
from chat.api.streaming.revocation import REVOKED, while_usable
from chat.errors import Refusal
from chat.models import ApiKey
from chat.providers.base import Piece

log = logging.getLogger(__name__)
Item = TypeVar("Item")
Items = AsyncGenerator[Item, None]
MakePieces = Callable[[], Items[AnswerPiece]] | Callable[[], Items[Piece]]  # of an answer
DONE = b"data: [DONE]\n\n"
STILL_HERE = b": still here\n\n"
BROKEN = "The stream broke. Send the request again."


class Begun(Generic[Item]):
    """``items`` whose first one has come."""

    def __init__(self, items: Items[Item], first: list[Item]) -> None:
        self._items, self._first = items, first

    def __aiter__(self) -> Begun[Item]:
        return self

    async def __anext__(self) -> Item:
        return self._first.pop() if self._first else await anext(self._items)

    async def aclose(self) -> None:
        """Close ``items``."""
        await self._items.aclose()


async def begin(items: Items[Item]) -> Begun[Item]:
    """Wait for the first of ``items``. Raise what they raise before it; then they are closed."""
    try:
        async for item in items:
            return Begun(items, [item])
    except BaseException:
        await items.aclose()
        raise
    return Begun(items, [])


class JsonReply(HttpResponse):
    """A server's JSON, passed on."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body, content_type="application/json; charset=utf-8")


class AnswerStream(EventResponse):
    """Server-sent events: each of ``events`` as it is, then ``[DONE]`` unless they have it; an error as an event."""

    def __init__(self, events: Begun[bytes], *, key: ApiKey) -> None:
        self._events = events
        super().__init__(_encode(while_usable(key, _rest(events), message=REVOKED)))

    def close(self) -> None:
        """Close what a client that was gone before the stream began has left open."""
        super().close()
        async_to_sync(self._events.aclose)()


async def _rest(events: Begun[bytes]) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        async for event in events:
            yield event


async def _encode(events: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        try:
            async for event in events:
                yield event
        except Refusal as refusal:
            yield event_of(refusal.as_body())
        except Exception:
            log.exception("the stream of an answer broke")
            broken = Refusal(BROKEN)
            broken.type = "server_error"
            yield event_of(broken.as_body())


def event_of(data: Any) -> bytes:
    """Return one event with ``data`` as JSON."""
    return b"data: " + msgspec.json.encode(data) + b"\n\n"


def stream_events(make: Callable[[], Items[bytes]], *, key: ApiKey) -> AnswerStream:
    """Return the response that streams the events of ``make``, called in the event loop, while the ``key`` works.

    Raise as they do at first.
    """

    async def opened() -> Begun[bytes]:
        return await begin(make())

    return AnswerStream(async_to_sync(opened)(), key=key)


def stream_answer(completion: Completion, make: MakePieces, *, key: ApiKey) -> AnswerStream:
    """Return the response that streams an answer as chunks. Raise what comes before its first word."""

    async def events() -> AsyncGenerator[bytes, None]:
        async with aclosing(make()) as pieces:
            async for piece in pieces:
                if isinstance(piece, Silence) and completion.has_begun:
                    yield STILL_HERE
                for chunk in completion.chunks(piece):
                    yield event_of(chunk)
        for chunk in completion.usage_chunk():
            yield event_of(chunk)
        yield DONE

    return stream_events(events, key=key)


def whole_answer(completion: Completion, make: MakePieces) -> ChatCompletionObject:
    """Return the whole answer as one object. Raise what goes wrong on the way."""

    async def collect() -> None:
        async with aclosing(make()) as pieces:
            async for piece in pieces:
                completion.add(piece)

    async_to_sync(collect)()
    return completion.whole()
