"""The embedded model as a provider."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from chat.errors import ModelNotFound, Unreachable
from chat.providers.base import Finish, Piece, Request, Text, ToolCallPiece, Usage
from chat.providers.embedded import floor, tools
from chat.providers.embedded.child import SLOTS
from chat.providers.embedded.record import Server
from chat.providers.embedded.slots import Slots
from chat.providers.embedded.status import Status, status
from chat.providers.embedded.supervisor import Supervisor
from chat.providers.embedded.turns import plain
from chat.providers.embedded.weights import no_such_file
from chat.providers.openai import OpenAIProvider

QUEUE = 8
"""Requests that may wait for a slot. At 25 tokens/s in all, the last of them waits for some two minutes."""

ANSWER_TOKENS = 512
"""Where a request sets no limit: so small a model that talks longer than this goes round in circles."""

TEMPERATURE = 0.2
"""Where a request sets none: at 0.8 the model gets facts wrong that it gets right here."""

STOPPED = "The embedded model stopped in the middle of its answer. Send your message again: the model restarts by itself."


class EmbeddedProvider:
    """The embedded model, or the GGUF file at ``model_path``; whatever a request calls the model.

    Make one for a process and use it in one event loop: it holds the two slots and their queue. All processes with the
    same ``data_dir`` share the model's server, which the first request starts. Without weights or runtime the answers
    are quotations, see ``floor``.
    """

    def __init__(self, data_dir: Path, *, model_path: Path | None = None) -> None:
        self._data_dir = data_dir
        self._model_path = model_path
        self._slots = Slots(SLOTS, queue=QUEUE)
        self._supervisor: Supervisor | None = None
        self._server: Server | None = None
        self._client: OpenAIProvider | None = None

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """See ``chat.providers.base.Provider``. Raises ``ModelBusy`` too, when the queue for the slots is full."""
        now = self.status()
        if now.weights is None or not now.runtime:
            self._check_path()
            yield Text(floor.answer(request.turns))
            yield Finish("stop")
            return
        async with self._slots.place():
            async with aclosing(self._answer(request, now.weights)) as pieces:
                async for piece in pieces:
                    yield piece

    async def models(self) -> list[str]:
        """The one model's name, or none at all if it is not there. Starts nothing."""
        now = self.status()
        return [now.weights.stem] if now.weights and now.ready else []

    async def aclose(self) -> None:
        """Let go of the server; it ends when no other process uses it."""
        client, self._client, self._server = self._client, None, None
        if client:
            await client.aclose()
        if self._supervisor:
            await asyncio.to_thread(self._supervisor.close)

    def status(self) -> Status:
        """How things stand; see ``Status``."""
        return status(self._data_dir, model_path=self._model_path)

    def _check_path(self) -> None:
        if self._model_path and not self._model_path.is_file():
            raise no_such_file(self._model_path)

    async def _answer(self, request: Request, weights: Path) -> AsyncGenerator[Piece, None]:
        """Pieces from the server. If it dies before the first one, ask another; later there is no going back."""
        began = False
        for attempt in (1, 2):
            try:
                async with aclosing(self._ask(request, weights)) as pieces:
                    async for piece in pieces:
                        began = True
                        yield piece
                return
            except Unreachable as error:
                if began:
                    raise Unreachable(STOPPED) from error
                if attempt == 2:
                    raise
