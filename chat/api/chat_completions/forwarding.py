"""Requests of programs that are passed on to a provider's server, and its replies."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from asgiref.sync import async_to_sync

from chat.api.chat_completions.responses import AnswerStream, Begun, JsonReply, begin
from chat.api.http.request import ApiRequest
from chat.engine import live_providers
from chat.models import Model
from chat.providers.base import Forwarder, UpstreamReply


def forward(
    request: ApiRequest, path: str, *, model: Model, name: str, streams: bool = False
) -> JsonReply | AnswerStream | None:
    """Pass the body on to ``path`` of the server of ``model``, which the program calls ``name``, and its reply back.

    A reply may be a stream if ``streams``. Return None if the provider's server does not speak OpenAI's API. Raise
    ``Refusal``, also for an error that comes before the first event of a stream.
    """
    body = request.body

    async def ask() -> Begun[bytes] | bytes | None:
        provider = live_providers.of_running_loop().get(model.provider)
        if not isinstance(provider, Forwarder):
            return None
        reply = await provider.forward(path, body, model=name, served_as=model.served_as)
        if streams and reply.is_stream:
            return await begin(_events(reply))
        async with aclosing(reply):
            return await reply.body()

    answer = async_to_sync(ask)()
    if answer is None:
        return None
    return JsonReply(answer) if isinstance(answer, bytes) else AnswerStream(answer, key=request.api_key)


async def _events(reply: UpstreamReply) -> AsyncGenerator[bytes, None]:
    async with aclosing(reply), aclosing(reply.events()) as events:
        async for event in events:
            yield b"data: " + event + b"\n\n"
