"""Any server that speaks OpenAI's Chat Completions, through the ``openai`` SDK.

The SDK does addresses, keys and connections. Responses are parsed here and in the modules beside, because the SDK
builds an object for every delta (90 of the 140–200 µs that a delta costs with it). Used by
``chat.engine.live_providers``.

Retries are ours too: the SDK's would wait up to two minutes for a rate limit, ask a used-up account again, and repeat a
request that has already waited ten minutes for its first byte.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import httpx2
import openai

from chat.errors import InvalidRequest, KeyRefused, ProviderError, Unreachable
from chat.providers.base import Finish, Piece, Request
from chat.providers.known_models import ModelLimits
from chat.providers.openai import clients, dialects, retries
from chat.providers.openai.forwarding import ForwardedReply, forwarded_refusal, parse_fields, with_model
from chat.providers.openai.model_list import served_models
from chat.providers.openai.rejections import Rejection
from chat.providers.openai.request_body import Body, request_body
from chat.providers.openai.stream.streamed_response import CONNECTION_ERRORS, StreamedResponse, connection_error

LISTED_FOR = 3600.0  # seconds for which a list of models is believed
LISTING_TIMEOUT = 2.0  # seconds that the first run waits for it
_CONNECTION_ERRORS = (openai.APIConnectionError, *CONNECTION_ERRORS)


class OpenAIProvider:
    """The server at ``base_url``, OpenAI's own when None. ``timeout`` is the longest silence in seconds.

    Belongs to the event loop that first uses it. Build it at start-up: importing the SDK and loading certificates take
    more than a second.
    """

    def __init__(self, base_url: str | None, api_key: str, *, timeout: float = 600, max_retries: int = 2) -> None:
        address = base_url or clients.OPENAI
        self._key = api_key.strip()
        self._timeout = timeout
        self._max_retries = max_retries
        self._client = clients.async_client(address, self._key, timeout=timeout)
        self._dialect = dialects.known_renames(address)
        self._dialects: dict[str, dialects.Renames] = {}
        self._listed: dict[str, ModelLimits | None] = {}
        self._list_again_at = 0.0  # by the loop's clock

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """See ``chat.providers.base.ChatProvider``."""
        answer = None
        try:
            answer = await self._begin(request)
            while pieces := await answer.next_pieces():
                for piece in pieces:
                    yield piece
        except Rejection as rejection:
            if not rejection.is_filtered:
                raise rejection.as_error(model=request.model, key=self._key) from None
            yield Finish("content_filter")
        finally:
            if answer is not None:
                await answer.aclose()

    async def models(self) -> list[str]:
        """See ``chat.providers.base.ChatProvider``."""
        return list(await self._list_models())

    async def limits(self, model: str) -> ModelLimits | None:
        """See ``chat.providers.base.ChatProvider``. The server is asked once an hour, and not waited for long."""
        now = asyncio.get_running_loop().time()
        if now >= self._list_again_at:
            self._list_again_at = now + LISTED_FOR
            with suppress(ProviderError, TimeoutError):
                async with asyncio.timeout(LISTING_TIMEOUT):
                    self._listed = await self._list_models()
        return self._listed.get(model)

    async def _list_models(self) -> dict[str, ModelLimits | None]:
        check_key(self._key)
        try:
            response = await self._client.models.with_raw_response.list()
            return served_models(response.content)
        except openai.APIStatusError as error:
            raise to_rejection(error).as_error(key=self._key) from None
        except _CONNECTION_ERRORS as error:
            raise connection_error(error, timeout=self._timeout) from error

    async def forward(self, path: str, body: bytes, *, model: str, served_as: str) -> ForwardedReply:
        """See ``chat.providers.base.Forwarder``."""
        try:
            sent = with_model(parse_fields(body), served_as)
        except ValueError as error:
            raise InvalidRequest(f"We could not parse the JSON body of your request: {error}.") from None
        try:
            response = await self._post(path, content=sent)
            try:
                return ForwardedReply(response, model=model, key=self._key, timeout=self._timeout)
            except BaseException:
                await response.aclose()
                raise
        except Rejection as rejection:
            raise forwarded_refusal(rejection, key=self._key) from None

    async def aclose(self) -> None:
        """See ``chat.providers.base.ChatProvider``."""
        await self._client.close()

    async def _begin(self, request: Request) -> StreamedResponse:
        """Return a response whose first pieces have arrived. Raise ``Rejection`` or ``ProviderError``."""
        for attempt in range(self._max_retries + 1):
            failure: Rejection | Unreachable
            try:
                return await self._ask_in_dialect(request)
            except Rejection as rejection:
                if not rejection.is_passing:
                    raise
                failure = rejection
            except Unreachable as error:
                failure = error
            delay = retries.retry_delay(failure, attempt=attempt)
            if attempt == self._max_retries or delay is None:
                raise failure
            await asyncio.sleep(delay)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _ask_in_dialect(self, request: Request) -> StreamedResponse:
        body = request_body(request)
        for lesson in range(dialects.LESSONS + 1):
            renames = self._dialects.get(request.model, self._dialect)
            try:
                return await self._ask(dialects.apply_renames(renames, body))
            except Rejection as rejection:
                learned = dialects.learn_renames(renames, rejection)
                if learned is None or lesson == dialects.LESSONS:
                    raise
                self._dialects[request.model] = learned
        raise AssertionError("unreachable: the last lesson returns or raises")

    async def _ask(self, body: Body) -> StreamedResponse:
        """Return a response whose first pieces have arrived. Raise ``Rejection`` or ``ProviderError``."""
        response = await self._post("/chat/completions", body=body)
        answer = StreamedResponse(response, timeout=self._timeout)
        try:
            await answer.begin()
        except BaseException:
            await answer.aclose()
            raise
        return answer

    async def _post(self, path: str, **content: Any) -> httpx2.Response:
        """Send a ``body``, or bytes as ``content``. Return the response, unread. Raise as ``_ask``."""
        check_key(self._key)
        try:
            stream = await self._client.post(
                path, **content, cast_to=object, stream=True, stream_cls=openai.AsyncStream[object]
            )
        except openai.APIStatusError as error:
            raise to_rejection(error) from None
        except _CONNECTION_ERRORS as error:
            raise connection_error(error, timeout=self._timeout) from error
        response: httpx2.Response = stream.response
        return response


def check_key(key: str) -> None:
    """Raise ``KeyRefused`` unless ``key`` can be sent in a header."""
    if not (key.isascii() and key.isprintable()):
        raise KeyRefused(
            "The API key for the model's server has characters that no key has. "
            "An administrator can enter it again under Providers."
        )


def to_rejection(error: openai.APIStatusError) -> Rejection:
    """Return the SDK's error as a ``Rejection``."""
    headers = error.response.headers
    # The address without its query, which may hold a secret.
    address = headers.get("location", "").partition("?")[0]
    body = f"it is {address}" if error.response.is_redirect and address else error.body
    return Rejection(error.status_code, body, retry_after=retries.parse_retry_after(headers))
