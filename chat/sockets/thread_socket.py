"""The base class of both consumers: it admits the user, bounds frames, and closes when access is lost or nobody reads.

Subclasses have ``on_admitted`` and ``on_frame``. Neither may wait long, or the socket would not hear the next frame:
longer work goes into a task of ``start``, which ends with the socket.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from channels.consumer import AsyncConsumer, get_handler_name
from channels.exceptions import StopConsumer

from chat.actions.conversation import threads
from chat.background.database_threads import read_in_thread
from chat.errors import Refusal
from chat.models import User
from chat.sockets.auth import Close, authenticate, close_for, user_group

log = logging.getLogger(__name__)
MAX_FRAME = 1024 * 1024  # bytes that a client may send in one frame
BLOCKED = 60.0  # seconds that a reader may take to make room for a frame
RECHECK = 60.0  # seconds between two checks of the user's access
INTERNAL_ERROR = 1011  # clients connect again after this one
RESTART = 1012  # and at once after this one: this server is being stopped
SPREAD = 2.0  # seconds at most from the first to the last, so that another server keeps up

open_sockets: set[ThreadSocket] = set()  # of this process


class Blocked(Exception):
    """The reader has made no room for ``BLOCKED`` seconds."""


class ThreadSocket(AsyncConsumer):
    """A socket of ``user`` on the thread ``thread_id``."""

    thread_id: str
    user: User

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.thread_id = scope["url_route"]["kwargs"]["thread_id"]
        self.tasks: set[asyncio.Task[None]] = set()
        self.groups: list[str] = []
        self.closing = False
        try:
            await super().__call__(scope, receive, send)
        finally:
            open_sockets.discard(self)
            for task in self.tasks:
                task.cancel()
            for group in self.groups:
                await self.channel_layer.group_discard(group, self.channel_name)

    async def on_admitted(self) -> None:
        """Begin to work: the user is admitted."""

    async def on_frame(self, text: str) -> None:
        """Handle a text frame of the client."""

    # --- for subclasses ----------------------------------------------------------------------------------------

    def start(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[None]:
        """Do ``work`` in a task that is cancelled when the socket ends."""
        task = asyncio.create_task(self._guard(work))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def send_text(self, text: str) -> None:
        """Send one frame, as soon as the reader has room for it. Raise ``Blocked``."""
        try:
            async with asyncio.timeout(BLOCKED):
                await self.base_send({"type": "websocket.send", "text": text})
        except TimeoutError:
            raise Blocked from None

    async def close(self, code: int) -> None:
        """Close the socket. A second call changes nothing."""
        if not self.closing:
            self.closing = True
            for task in self.tasks - {asyncio.current_task()}:
                task.cancel()
            await self.base_send({"type": "websocket.close", "code": int(code)})

    async def check_access(self) -> bool:
        """Read who the user is and return whether the thread is theirs. If not, close the socket."""
        try:
            self.user = await read_in_thread(self._authenticated_user)
        except Refusal as refusal:
            await self.close(close_for(refusal) or INTERNAL_ERROR)
            return False
        return True

    def _authenticated_user(self) -> User:
        user = authenticate(self.scope)
        threads.get(user, self.thread_id)
        return user

    # --- what comes in -----------------------------------------------------------------------------------------

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels' own method passes through the one database thread of the process first, for every frame.
        await getattr(self, get_handler_name(message))(message)

    async def websocket_connect(self, _message: dict[str, Any]) -> None:
        # A refusal before the handshake would reach the client without its code.
        await self.base_send({"type": "websocket.accept"})
        open_sockets.add(self)
        if await self.check_access():
            self.groups.append(user_group(self.user.pk))
            await self.channel_layer.group_add(self.groups[-1], self.channel_name)
            if await self.check_access():  # a sign-out before we joined the group was not heard
                self.start(self._watch())
                await self.on_admitted()

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        if self.closing:
            return
        text = message.get("text")
        if len(message.get("bytes") or (text or "").encode()) > MAX_FRAME:
            await self.close(Close.TOO_LARGE)
        else:
            await self.on_frame(text or "")

    async def websocket_disconnect(self, _message: dict[str, Any]) -> None:
        raise StopConsumer

    async def signed_out(self, _message: dict[str, Any]) -> None:
        self.start(self.check_access())

    # --- watching ----------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while not self.closing:
            await asyncio.sleep(RECHECK)
            await self.check_access()

    async def _guard(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except Blocked:
            await self.close(Close.TOO_SLOW)
        except Exception:
            log.exception("a socket on thread %s broke", self.thread_id)
            await self.close(INTERNAL_ERROR)


async def close_all(code: int) -> None:
    """Close every socket of this process."""
    leaving = tuple(open_sockets)
    for socket in leaving:
        await socket.close(code)
        await asyncio.sleep(min(SPREAD / len(leaving), 0.001))
