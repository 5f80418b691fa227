"""One HTTP response with an answer in it, read block by block, and what breaks on the way."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncGenerator

import aiohttp
import httpx2

from chat.errors import ProviderError, TimedOut, Unreachable
from chat.providers.base import Piece
from chat.providers.openai.chunk_parser import AnswerReader
from chat.providers.openai.rejections import Rejection
from chat.providers.openai.sse import EventSplitter, WholeBody

DRAIN_TIMEOUT = 0.1  # seconds; a new connection with TLS costs about as much
BROKEN = (httpx2.HTTPError, httpx2.StreamError, aiohttp.ClientError, OSError)


class Answer:
    """The pieces in a response. ``timeout`` is what its client waits for the next bytes, in seconds."""

    def __init__(self, response: httpx2.Response, *, timeout: float) -> None:
        self._kind = response.headers.get("content-type", "")
        self._response = response
        self._timeout = timeout
        self._blocks: AsyncGenerator[bytes, None] = response.aiter_bytes()
        self._events = WholeBody() if "json" in self._kind else EventSplitter()
        self._reader = AnswerReader()
        self._first: list[Piece] = []
        self._is_read = self._is_over = False

    async def begin(self) -> None:
        """Wait for the first pieces: until then a request may be sent again. Raises as ``more``."""
        if "html" in self._kind:
            raise Rejection(404, None)
        self._first = await self._next()

    async def more(self) -> list[Piece]:
        """The next pieces, none when the answer is over. Raises ``Rejection`` and ``ProviderError``."""
        pieces, self._first = self._first, []
        return pieces or await self._next()

    async def aclose(self) -> None:
        """Close the response, and its connection unless all has been read."""
        try:
            if self._reader.is_done and self._reader.is_whole:
                await self._drain()
        finally:
            await self._blocks.aclose()
            await self._response.aclose()

    async def _drain(self) -> None:
        """Read what follows the last event, usually the empty chunk alone, so that the connection can be used again."""
        with contextlib.suppress(*BROKEN):
            async with asyncio.timeout(DRAIN_TIMEOUT):
                async for _ in self._blocks:
                    pass

    async def _next(self) -> list[Piece]:
        while not self._is_read:
            block = await self._block()
            if block is None:
                pieces = self._reader.read_rest(self._events.finish())
            else:
                pieces = self._reader.read(self._events.feed(block))
            self._is_read = block is None or self._reader.is_done
            if pieces:
                return pieces
        if self._is_over:
            return []
        self._is_over = True
        return self._reader.end()

    async def _block(self) -> bytes | None:
        """The next bytes, or None at the end. A connection that breaks when all has been said is such an end."""
        try:
            return await anext(self._blocks, None)
        except BROKEN as error:
            if self._reader.is_whole:
                return None
            raise broken(error, timeout=self._timeout) from error


def broken(error: BaseException, *, timeout: float) -> ProviderError:
    """``Unreachable`` or ``TimedOut``. The transport's classes do not tell them apart, what caused them does."""
    causes = []
    cause: BaseException | None = error
    while cause is not None:
        causes.append(cause)
        # httpcore2 names what it wraps as an argument only.
        cause = cause.__cause__ or next((arg for arg in cause.args if isinstance(arg, BaseException)), None)
    for kind, sentence in _REASONS:
        if any(isinstance(cause, kind) for cause in causes):
            return Unreachable(f"{sentence} An administrator can check its address under Providers.")
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return TimedOut(f"The model's server sent nothing for {timeout:.0f} seconds. Try again.")
    return Unreachable("The connection to the model's server broke before the answer was complete. Try again.")


# Each as the transport of asyncio names it, and as that of threads does.
_REASONS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (
        (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError),
        "The certificate of the model's server is not trusted.",
    ),
    ((aiohttp.ClientConnectorDNSError, socket.gaierror), "The name of the model's server could not be found."),
    ((aiohttp.ConnectionTimeoutError, httpx2.ConnectTimeout), "The model's server could not be reached in time."),
    ((aiohttp.ClientConnectorError, httpx2.ConnectError), "The model's server could not be reached."),
    (httpx2.UnsupportedProtocol, "The address of the model's server does not begin with http:// or https://."),
)
