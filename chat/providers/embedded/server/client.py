"""The way to the shared server, whichever process of it lives now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from chat.errors import Unreachable
from chat.providers.base import Piece, Request
from chat.providers.embedded.server.record import Server
from chat.providers.embedded.server.supervisor import Supervisor
from chat.providers.openai.provider import OpenAIProvider

SILENCE_SECONDS = 600.0
"""The longest silence: reading 4096 tokens takes a minute of one core, and both slots may be reading."""

STOPPED = "The embedded model stopped in the middle of its answer. Send your message again; the model starts anew."


class Connection:
    """Belongs to one event loop."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._server: Server | None = None
        self._client: OpenAIProvider | None = None

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Pieces from the server, which is started if need be.

        Asks once more if there is no answer at all: the server may have died, or has closed the connection that we
        kept, as it does after each stream although it promises not to. A broken answer raises ``Unreachable``.
        """
        has_begun = False
        for is_last in (False, True):
            client = await self._living()
            try:
                async with aclosing(client.stream(request)) as pieces:
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
        """Let go of the server; it ends when no other process uses it."""
        old, self._client = self._client, None
        if old:
            await old.aclose()
        await asyncio.to_thread(self._supervisor.close)

    async def _living(self) -> OpenAIProvider:
        """A client of a server that answers. Raises ``Unreachable`` if none can be started."""
        server = await asyncio.to_thread(self._supervisor.ensure)
        if self._client is None or server != self._server:
            old, self._server = self._client, server
            self._client = OpenAIProvider(server.base_url, server.key, timeout=SILENCE_SECONDS, max_retries=0)
            if old:
                await old.aclose()
        return self._client
