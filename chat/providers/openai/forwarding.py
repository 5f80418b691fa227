"""Replies to requests that are passed on to a model's server as a program sent them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx2
import msgspec

from chat.errors import InvalidRequest, ModelNotFound, ProviderError, Refusal
from chat.providers.openai.rejections import Rejection
from chat.providers.openai.stream.chunk_decoder import decode_json
from chat.providers.openai.stream.chunk_parser import DONE
from chat.providers.openai.stream.sse import EventSplitter
from chat.providers.openai.stream.streamed_response import CONNECTION_ERRORS, MAX_EMPTY_BYTES, connection_error

MAX_BODY = 64 * 1024**2  # bytes; 2,048 embeddings of 3,072 numbers are about as many in base64
MAX_WORDS = 2000  # characters of the server's own words
SHORTEST_KEY = 8  # a shorter one is a placeholder, and may be part of any word
ABOUT_THE_REQUEST = (400, 413, 415, 422)
NULL = msgspec.Raw(b"null")
Fields = dict[str, msgspec.Raw]
NO_ANSWER = "The model's server sent something that is not an answer. Try again."


class ForwardedReply:
    """See ``chat.providers.base.UpstreamReply``. ``model`` is the name for programs. Raise ``Rejection`` for HTML."""

    def __init__(self, response: httpx2.Response, *, model: str, key: str, timeout: float) -> None:
        kind = response.headers.get("content-type", "")
        if "html" in kind:
            raise Rejection(404, None)
        self.is_stream = "event-stream" in kind
        self._response, self._timeout = response, timeout
        self._model, self._key = model, key

    async def events(self) -> AsyncGenerator[bytes, None]:
        """See ``chat.providers.base.UpstreamReply``."""
        splitter, empty = EventSplitter(), 0
        async with aclosing(self._blocks()) as blocks:
            async for block in blocks:
                events = splitter.feed(block)
                for event in events:
                    yield self._convert(event)
                empty = 0 if events else empty + len(block)
                if empty > MAX_EMPTY_BYTES:
                    raise ProviderError(NO_ANSWER)
                await asyncio.sleep(0)  # what is unpacked comes without waiting for the network
            for event in splitter.finish():
                yield self._convert(event)

    async def body(self) -> bytes:
        """See ``chat.providers.base.UpstreamReply``."""
        body = bytearray()
        async with aclosing(self._blocks()) as blocks:
            async for block in blocks:
                body += block
                if len(body) > MAX_BODY:
                    raise ProviderError(f"The model's server sent more than {MAX_BODY // 1024**2} MB.")
        return self._convert(bytes(body))

    async def aclose(self) -> None:
        """See ``chat.providers.base.UpstreamReply``."""
        await self._response.aclose()

    async def _blocks(self) -> AsyncGenerator[bytes, None]:
        try:
            async for block in self._response.aiter_bytes():
                yield block
        except CONNECTION_ERRORS as error:
            raise connection_error(error, timeout=self._timeout) from error
        finally:
            await self._response.aclose()

    def _convert(self, data: bytes) -> bytes:
        """Return JSON, or ``[DONE]``, under the program's name of the model and without the provider's key.

        Raise ``Refusal`` for an error, and for what is no JSON object.
        """
        if data == DONE:
            return data
        if not data.isascii():
            data = data.decode("utf-8-sig", "replace").encode()
        try:
            fields = parse_fields(data)
        except ValueError:
            raise ProviderError(NO_ANSWER) from None
        if fields.get("error", NULL) != NULL:
            raise forwarded_refusal(Rejection(0, decode_json(data)), key=self._key)
        converted = with_model(fields, self._model) if "model" in fields else data
        return converted.replace(self._key.encode(), b"[key]") if len(self._key) >= SHORTEST_KEY else converted


def parse_fields(data: bytes) -> Fields:
    """Return the fields of a JSON object, each as it is written. Raise ``ValueError`` for anything else."""
    try:
        return msgspec.json.decode(data, type=Fields)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def with_model(fields: Fields, model: str) -> bytes:
    """Return the JSON of ``fields`` with ``model`` as its model, all else as it was written."""
    return msgspec.json.encode({**fields, "model": model})


def forwarded_refusal(rejection: Rejection, *, key: str) -> Refusal:
    """Return the refusal for the program: in the server's words where they are about its request, not about our
    account there.
    """
    is_ours = rejection.is_rate_limit or rejection.is_out_of_credit or "invalid_api_key" in rejection.codes
    if rejection.is_unknown_model and not is_ours:
        return ModelNotFound("The model's server does not serve this model.")
    if rejection.status in ABOUT_THE_REQUEST and not is_ours:
        words = rejection.text.replace(key, "[key]") if len(key) >= SHORTEST_KEY else rejection.text
        code = next((code for code in sorted(rejection.codes) if not code.endswith("_error")), None)
        return InvalidRequest(words[:MAX_WORDS] or None, param=rejection.param or None, code=code)
    rejection.text = ""
    return rejection.as_error(key=key)
