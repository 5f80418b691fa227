"""Streams answers from the shared server, whichever process of it runs now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from chat.errors import Unreachable
from chat.providers.base import Piece, Request
from chat.providers.embedded.server.record import Server
from chat.providers.embedded.server.supervisor import ServerSupervisor

if TYPE_CHECKING:
    from chat.providers.openai.provider import OpenAIProvider

SILENCE_SECONDS = 600.0
"""The longest silence: reading 4096 tokens takes a minute of one core, and both slots may be reading."""

STOPPED = "The embedded model stopped in the middle of its answer. Send your message again; the model starts anew."


class ServerClient:
    """A client of the server that ``supervisor`` finds or starts. Belongs to one event loop."""

    def __init__(self, supervisor: ServerSupervisor) -> None:
        self._supervisor = supervisor
        self._server: Server | None = None
        self._provider: OpenAIProvider | None = None

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Yield the pieces of an answer. Raise ``Unreachable`` if it breaks off, or if no server can be started."""
        has_begun = False
        # Asked once more if there is no answer at all: the server may have died, or has closed the connection that we
        # kept, as it does after each stream although it promises not to.
        for is_last in (False, True):
            provider = await self._connect()
            try:
                async with aclosing(provider.stream(request)) as pieces:
                    async for piece in pieces:
                        has_begun = True
                        yield piece
                return
            except Unreachable as error:
                if has_begun:
                    raise Unreachable(STOPPED) from error
                if is_last:
                    raise

    async def aclose(self) -> None:
        """Stop using the server; it ends when no other process uses it."""
        old, self._provider = self._provider, None
        if old:
            await old.aclose()
        await asyncio.to_thread(self._supervisor.close)

    async def _connect(self) -> OpenAIProvider:
        """Return a provider for a server that answers. Raise ``Unreachable`` if none can be started."""
        from chat.providers.openai.provider import OpenAIProvider  # its SDK takes a second to import

        server = await asyncio.to_thread(self._supervisor.ensure)
        if self._provider is None or server != self._server:
            old, self._server = self._provider, server
            self._provider = OpenAIProvider(server.base_url, server.key, timeout=SILENCE_SECONDS, max_retries=0)
            if old:
                await old.aclose()
        return self._provider
