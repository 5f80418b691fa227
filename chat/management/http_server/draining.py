"""What a server that is being stopped does with its connections, so that nobody who has another one sees an error.

On SIGTERM ``/readyz`` says 503, and where other servers work on the same rows nothing new is accepted. Runs of this
process end or are handed back (``Workers.stop``), so that whoever follows them hears it. Then requests may finish,
sockets are told to connect again, and streams that are left end with an event that says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from daphne.http_protocol import WebRequest
from django.conf import settings

from chat.background.shutdown import shutdown
from chat.sockets.thread_socket import RESTART, close_all, open_sockets

LINGER = 2.0  # seconds in which proxies notice that nothing new is accepted, and leave the connections that they keep
FAREWELL = 2.0  # seconds more for streams, which look each second, and for clients to answer the end of a socket
LOOK = 0.05  # seconds


class Connections:
    """The connections of a server: ``protocols`` returns Daphne's notes of them, ``ports`` listen for new ones.

    One of ``Workers.last``: stopped after what claims rows, and before what brings events of other processes.
    """

    def __init__(self, protocols: Callable[[], dict[Any, dict[str, Any]]]) -> None:
        self.protocols = protocols
        self.ports: list[Any] = []  # Twisted's
        self.left_at = self.deadline = (
            0.0  # by the loop's clock: when proxies have left, and when requests must have ended
        )

    async def run(self) -> None:
        """Do nothing: connections are the reactor's until they are to end."""

    def begin_to_drain(self, *, is_alone: bool) -> None:
        """Say that the process is being stopped. ``is_alone``: accept new connections as long as runs take to end."""
        shutdown.has_begun = True
        now = asyncio.get_running_loop().time()
        self.deadline = now + settings.EVERTHREAD_GRACE_SECONDS
        if not is_alone:
            self.left_at = now + LINGER
            self.stop_listening()

    def stop_listening(self) -> None:
        while self.ports:
            self.ports.pop().stopListening()

    async def stop(self) -> None:
        """Let requests finish, and have sockets and streams go on elsewhere."""
        loop = asyncio.get_running_loop()
        self.stop_listening()
        await close_all(RESTART)
        # A request on a kept connection that is just being closed would be lost: each is answered with "close" first.
        await asyncio.sleep(max(0.0, self.left_at - loop.time()))
        await self._wait_until(lambda: not self._has_open_requests(), self.deadline)
        shutdown.ends_streams = True
        await close_all(RESTART)  # those that a connection from before has opened since
        await self._wait_until(lambda: not (open_sockets or self._has_open_requests()), loop.time() + FAREWELL)

    async def _wait_until(self, condition: Callable[[], bool], end: float) -> None:
        """Wait until ``condition``, at most until ``end`` by the loop's clock. No event tells when requests end."""
        while not condition():
            if asyncio.get_running_loop().time() > end:
                return
            await asyncio.sleep(LOOK)

    def _has_open_requests(self) -> bool:
        return any(
            isinstance(protocol, WebRequest) and "disconnected" not in details
            for protocol, details in self.protocols().items()
        )
