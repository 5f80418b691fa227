"""The SDK's clients as we use them: no redirects, nothing of OpenAI's environment, and bodies of bounded size.

A redirect would carry the whole chat to an address that nobody has entered. The SDK reads a body without a bound, and a
refusal of 300 kB can be 300 MB once unpacked; so it gets bodies that have been read here.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai

from chat.errors import ProviderError, Unreachable

OPENAI = "https://api.openai.com/v1"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
CONNECT_TIMEOUT = 10.0  # seconds for a connection with its TLS handshake
POOL_TIMEOUT = 30.0  # seconds for a free place among the connections, looking the name up included
MAX_REFUSAL_BYTES = 64 * 1024  # of the body of an error, unpacked; the rest is not read
REFUSAL_TIMEOUT = 10.0  # seconds to read one
MAX_BODY_BYTES = 32 * 1024 * 1024  # of another body that is no stream: 32 vectors of 4096 numbers are some 3 MB
# What described the body as it was sent.
_DROPPED_HEADERS = ("content-encoding", "content-length", "transfer-encoding", "content-type")


def async_client(address: str, key: str, *, timeout: float) -> openai.AsyncOpenAI:
    """Return a client for the server at ``address``. ``timeout`` is the longest silence in seconds.

    Raise ``Unreachable`` for what cannot be an address.
    """
    _check_address(address)
    http_client = _AsyncHttpClient(**_http_options(address))
    client = openai.AsyncOpenAI(http_client=http_client, **_options(address, key, timeout))
    # The SDK finds these two in the environment too, and they belong to OpenAI alone.
    client.organization = client.project = None
    return client


def sync_client(address: str, key: str, *, timeout: float) -> openai.OpenAI:
    """Return the same for threads."""
    _check_address(address)
    client = openai.OpenAI(http_client=_HttpClient(**_http_options(address)), **_options(address, key, timeout))
    client.organization = client.project = None
    return client


def _check_address(address: str) -> None:
    try:
        (urlsplit(address).hostname or "").encode("idna")
        httpx2.URL(address)
    except (ValueError, httpx2.InvalidURL):  # brackets, a port or a name that cannot be
        raise Unreachable(
            "The address of the model's server is none. An administrator can correct it under Providers."
        ) from None


def _options(address: str, key: str, timeout: float) -> dict[str, Any]:
    return {
        "base_url": address,
        # Servers without keys still get one: without, the SDK would send an admin key that it finds in the environment.
        "api_key": key or "none",
        "max_retries": 0,
        "timeout": openai.Timeout(timeout, connect=CONNECT_TIMEOUT, pool=POOL_TIMEOUT),
        # Compressed deltas would wait in the compressor.
        "default_headers": {"Accept-Encoding": "identity"},
    }


def _http_options(address: str) -> dict[str, Any]:
    # A proxy that the environment names cannot reach the servers of this machine, and would read along.
    return {"trust_env": urlsplit(address).hostname not in LOOPBACK, "follow_redirects": False}


class _AsyncHttpClient(openai.DefaultAioHttpClient):
    async def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        response = await super().send(request, stream=True, **options)
        if stream and response.is_success:
            return response
        body = _Body(response)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(None if response.is_success else REFUSAL_TIMEOUT):
                    async for block in response.aiter_bytes():
                        if body.add(block):
                            break
        finally:
            await response.aclose()
        return body.as_response()


class _HttpClient(openai.DefaultHttpxClient):
    def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        response = super().send(request, stream=True, **options)
        body, began_at = _Body(response), time.monotonic()
        try:
            for block in response.iter_bytes():
                is_late = not response.is_success and time.monotonic() - began_at > REFUSAL_TIMEOUT
                if body.add(block) or is_late:
                    break
        finally:
            response.close()
        return body.as_response()


class _Body:
    """The body of a response as far as it is read: the beginning of a refusal, the whole of another."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._most = MAX_BODY_BYTES if response.is_success else MAX_REFUSAL_BYTES
        self._content = bytearray()

    def add(self, block: bytes) -> bool:
        """Add a block. Return True if that is enough; raise ``ProviderError`` for a whole body that is too long."""
        self._content += block
        if len(self._content) > self._most and self._response.is_success:
            raise ProviderError("The model's server sent more in one piece than Everthread accepts.")
        return len(self._content) >= self._most

    def as_response(self) -> httpx2.Response:
        """Return the response with this body, which is UTF-8 whatever the server says of it."""
        headers = [(name, value) for name, value in self._response.headers.items() if name not in _DROPPED_HEADERS]
        return httpx2.Response(
            self._response.status_code,
            headers=headers,
            content=bytes(self._content[: self._most]),
            request=self._response.request,
        )
