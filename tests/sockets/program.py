"""A program at the other end of a socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from chat.actions.access import api_keys
from chat.models import User
from config.routing import websocket_urlpatterns

PATIENCE = 20.0  # seconds
Frame = dict[str, Any]


class Program:
    """Speaks JSON on the socket of one thread."""

    def __init__(self, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        self.socket = WebsocketCommunicator(URLRouter(websocket_urlpatterns), path, headers)

    async def send(self, **frame: Any) -> None:
        await self.socket.send_json_to(frame)

    async def hear(self) -> Frame:
        """The next frame."""
        output = await self.socket.receive_output(timeout=PATIENCE)
        assert output["type"] == "websocket.send", output
        return json.loads(output["text"])

    async def hear_until(self, wanted: Callable[[Frame], bool]) -> list[Frame]:
        """All frames up to the first that is ``wanted``."""
        frames = [await self.hear()]
        while not wanted(frames[-1]):
            frames.append(await self.hear())
        return frames

    async def reply(self, **frame: Any) -> Frame:
        """Send a frame and return what answers it; events in between are passed over."""
        await self.send(request_id="this one", **frame)
        return (await self.hear_until(lambda heard: heard.get("request_id") == "this one"))[-1]

    async def closed(self) -> int:
        """The code with which the server closes; frames before that are passed over."""
        while True:
            output = await self.socket.receive_output(timeout=PATIENCE)
            if output["type"] == "websocket.close":
                return output["code"]


@asynccontextmanager
async def program(thread_id: str, *headers: tuple[bytes, bytes], query: str = "") -> AsyncIterator[Program]:
    """A socket that was accepted; what the server said since then is still to be heard."""
    one = Program(f"/ws/threads/{thread_id}/{query}", list(headers))
    await one.socket.send_input({"type": "websocket.connect"})
    assert (await one.socket.receive_output(timeout=PATIENCE))["type"] == "websocket.accept"
    try:
        yield one
    finally:
        await one.socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await one.socket.wait(timeout=PATIENCE)


def bearer(secret: str) -> tuple[bytes, bytes]:
    return (b"authorization", f"Bearer {secret}".encode())


def key_of(user: User) -> tuple[bytes, bytes]:
    """The header of a new API key."""
    return bearer(api_keys.create(user, name="test")[1])


def session_of(user: User, *, client: Client | None = None) -> tuple[bytes, bytes]:
    """The cookie of a new session."""
    client = client or Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return (b"cookie", f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}".encode())


HOST = (b"host", b"localhost")


def origin(address: str) -> tuple[bytes, bytes]:
    return (b"origin", address.encode())
