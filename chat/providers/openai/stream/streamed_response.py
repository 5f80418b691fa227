"""One HTTP response with an answer in it, read block by block, and the errors of its connection."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import socket
import ssl
from collections.abc import AsyncGenerator

import aiohttp
import httpx2

from chat.errors import ProviderError, TimedOut, Unreachable
from chat.providers.base import Piece
from chat.providers.openai.rejections import Rejection
from chat.providers.openai.stream.chunk_parser import ChunkParser
from chat.providers.openai.stream.sse import EventSplitter, WholeBody

DRAIN_TIMEOUT = 0.1  # seconds; a new connection with TLS costs about as much
REST_TIMEOUT = 5.0  # seconds to wait for what may follow the last piece
MAX_EMPTY_BYTES = 64 * 1024 * 1024  # without a piece of an answer between; the longest thoughts are some 30 MB
CONNECTION_ERRORS = (httpx2.HTTPError, httpx2.StreamError, aiohttp.ClientError, OSError)


class StreamedResponse:
    """The pieces in a response. ``timeout`` is how long its client waits for the next bytes, in seconds."""

    def __init__(self, response: httpx2.Response, *, timeout: float) -> None:
        self._response = response
        self._timeout = timeout
        self._blocks: AsyncGenerator[bytes, None] = response.aiter_bytes()
        self._head = b""  # what has come before the reader is chosen
        self._reader: EventSplitter | WholeBody | None = None
        self._parser = ChunkParser()
        self._first: list[Piece] = []
        self._rest_ends_at: float | None = None  # by the loop's clock; None while the answer is not whole
        self._is_read = self._is_over = False

    async def begin(self) -> None:
        """Wait for the first pieces: until then a request may be sent again. Raise as ``next_pieces`` does."""
        if "html" in self._response.headers.get("content-type", ""):
            raise Rejection(404, None)
        self._first = await self._parse_next()

    async def next_pieces(self) -> list[Piece]:
        """Return the next pieces, none when the answer is over. Raise ``Rejection`` or ``ProviderError``."""
        pieces, self._first = self._first, []
        return pieces or await self._parse_next()

    async def aclose(self) -> None:
        """Close the response, and its connection unless all has been read."""
        try:
            if self._parser.is_done and self._parser.is_whole:
                await self._drain()
        finally:
            await self._blocks.aclose()
            await self._response.aclose()

    async def _drain(self) -> None:
        """Read what follows the last event, usually the empty chunk alone, so that the connection can be used again."""
        with contextlib.suppress(*CONNECTION_ERRORS):
            async with asyncio.timeout(DRAIN_TIMEOUT):
                async for _ in self._blocks:
                    pass

    async def _parse_next(self) -> list[Piece]:
        size = 0
        while not self._is_read:
            block = await self._next_block()
            pieces = self._parse_block(block)
            self._is_read = block is None or self._parser.is_done
            if pieces:
                return pieces
            size += len(block or b"")
            if size > MAX_EMPTY_BYTES:
                raise ProviderError("The model's server sends and sends, and nothing of it is an answer. Try again.")
            await asyncio.sleep(0)  # what is unpacked comes without waiting for the network
        if self._is_over:
            return []
        self._is_over = True
        return self._parser.finish()

    def _parse_block(self, block: bytes | None) -> list[Piece]:
        """Return the pieces in the next bytes, or in what is left when there are none."""
        if self._reader is None:
            self._head = (self._head + (block or b"")).removeprefix(codecs.BOM_UTF8).lstrip()
            if block is not None and len(self._head) < len(codecs.BOM_UTF8):
                return []
            self._reader = _choose_reader(self._head)
            block = self._head if block is not None else None
        events = self._reader.finish() if block is None else self._reader.feed(block)
        is_rest = block is None and isinstance(self._reader, EventSplitter)
        pieces = self._parser.parse_rest(events) if is_rest else self._parser.parse(events)
        if self._parser.is_whole and (pieces or self._rest_ends_at is None):
            self._rest_ends_at = asyncio.get_running_loop().time() + REST_TIMEOUT
        return pieces

    async def _next_block(self) -> bytes | None:
        """Return the next bytes, or None at the end."""
        try:
            if self._rest_ends_at is None:
                return await anext(self._blocks, None)
            # Some servers keep the connection open after the answer. Only its usage can still come.
            async with asyncio.timeout_at(self._rest_ends_at):
                return await anext(self._blocks, None)
        except CONNECTION_ERRORS as error:
            # A connection that breaks after the last piece has done its work.
            if self._parser.is_whole:
                return None
            raise connection_error(error, timeout=self._timeout) from error


def _choose_reader(head: bytes) -> EventSplitter | WholeBody:
    """Return a reader for a body that begins so: what servers say of its type is wrong too often.

    Raise ``Rejection`` for a web page.
    """
    if head.startswith(b"<"):
        raise Rejection(404, None)
    return WholeBody() if head.startswith((b"{", b"[")) else EventSplitter()


def connection_error(error: BaseException, *, timeout: float) -> ProviderError:
    """Return ``Unreachable`` or ``TimedOut`` for one of ``CONNECTION_ERRORS``."""
    # The transport's classes do not tell them apart; their causes do.
    causes = []
    cause: BaseException | None = error
    while cause is not None:
        causes.append(cause)
        # httpcore2 names what it wraps as an argument only.
        cause = cause.__cause__ or next((arg for arg in cause.args if isinstance(arg, BaseException)), None)
    if any(isinstance(cause, (aiohttp.ServerDisconnectedError, ConnectionResetError)) for cause in causes):
        return Unreachable(_BROKE)  # the transport calls it a timeout of the connection
    for kind, sentence in _REASONS:
        if any(isinstance(cause, kind) for cause in causes):
            return Unreachable(f"{sentence} An administrator can check its address under Providers.")
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return TimedOut(f"The model's server sent nothing for {timeout:.0f} seconds. Try again.")
    return Unreachable(_BROKE)


_BROKE = "The connection to the model's server broke before the answer was complete. Try again."
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
