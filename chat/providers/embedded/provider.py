"""The class by which the engine asks the embedded model."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from chat.errors import ModelNotFound
from chat.providers.base import Finish, Piece, Request, Text, ToolCallPiece, Usage
from chat.providers.embedded import tool_choice, without_model
from chat.providers.embedded.plain_turns import BLIND_NOTICE, simplify_turns
from chat.providers.embedded.server.child import SLOTS
from chat.providers.embedded.server.client import ServerClient
from chat.providers.embedded.server.supervisor import ServerSupervisor
from chat.providers.embedded.slots import Slots
from chat.providers.embedded.status import Status, read_status
from chat.providers.embedded.weights.fetch import check_path

QUEUE = 8
"""Requests that may wait for a slot. At 25 tokens/s in all, the last of them waits for some two minutes."""

ANSWER_TOKENS = 512
"""Where a request sets no limit: so small a model that talks longer than this goes round in circles."""

TEMPERATURE = 0.2
"""Where a request sets none: at 0.8 the model gets facts wrong that it gets right here."""


class EmbeddedProvider:
    """The embedded model, or the GGUF file at ``model_path``; whatever a request calls the model.

    Make one for a process and use it in one event loop: it has the two slots and their queue. All processes with the
    same ``data_dir`` share the model's server, which the first request starts. Without weights or runtime the answers
    are quotations, see ``without_model``.
    """

    def __init__(self, data_dir: Path, *, model_path: Path | None = None) -> None:
        self._data_dir = data_dir
        self._model_path = model_path
        self._slots = Slots(SLOTS, queue=QUEUE)
        self._client: ServerClient | None = None

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """See ``chat.providers.base.ChatProvider``.

        Raise ``ModelBusy`` too, when too many wait for a slot, and ``ModelNotFound`` where there is no model and the
        request wants JSON.
        """
        status = self.status()
        if status.weights is None or not status.runtime:
            check_path(self._model_path)
            if request.response_format != "auto":
                raise ModelNotFound(
                    f"{without_model.NO_MODEL}, so there is nobody to answer in JSON. {without_model.HOW_TO}"
                )
            yield Text(without_model.quote_passages(request.turns))
            yield Finish("stop")
            return
        self._client = self._client or ServerClient(ServerSupervisor(self._data_dir, model=status.weights))
        async with self._slots.acquire(), aclosing(_stream_with_tools(self._client, request)) as pieces:
            async for piece in pieces:
                yield piece

    async def models(self) -> list[str]:
        """Return the one model's name, or nothing if it is not there. Starts nothing."""
        status = self.status()
        return [status.weights.stem] if status.weights and status.runtime else []

    async def limits(self, _model: str) -> None:
        """Return None: those of a slot are known."""

    async def aclose(self) -> None:
        """Stop using the server; it ends when no other process uses it."""
        client, self._client = self._client, None
        if client:
            await client.aclose()

    def status(self) -> Status:
        """Return the status, see ``read_status``."""
        return read_status(self._data_dir, model_path=self._model_path)


async def _stream_with_tools(client: ServerClient, request: Request) -> AsyncGenerator[Piece, None]:
    """Yield the call of a tool, or else an answer in words. The usage counts the tokens of choosing too."""
    choice = await tool_choice.choose_tool(client, request)
    if choice.call:
        yield ToolCallPiece(0, choice.call.id, choice.call.name, choice.call.arguments)
        yield choice.usage
        yield Finish("tool_calls")
        return
    if request.turns[-1].images and request.response_format == "auto":
        yield Text(BLIND_NOTICE)
    async with aclosing(client.stream(_without_tools(request))) as pieces:
        async for piece in pieces:
            yield choice.usage + piece if isinstance(piece, Usage) else piece


def _without_tools(request: Request) -> Request:
    return replace(
        request,
        turns=simplify_turns(request.turns),
        functions=(),
        temperature=TEMPERATURE if request.temperature is None else request.temperature,
        max_tokens=request.max_tokens or ANSWER_TOKENS,
        reasoning_effort=None,
    )
