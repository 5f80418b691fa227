"""The other end of a stream of the API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from django.test import AsyncClient

from tests.api.calling import Api, Body, Reply
from tests.engine.stage import PATIENCE

StreamEvent = tuple[str, Any]  # its name and its data


class Streams:
    """The program of ``api``, which also takes streams."""

    def __init__(self, api: Api) -> None:
        self.client, self.headers = AsyncClient(), api.headers

    async def ask(self, path: str, body: Body, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = json.dumps(body)
        return await self.client.post(f"/v1{path}", sent, content_type="application/json", headers=self.headers | named)

    async def start(self, path: str, body: Body, **headers: str) -> Reply:
        return await self.ask(path, body | {"stream": True}, **headers)

    async def whole(self, path: str, body: Body, **headers: str) -> list[StreamEvent]:
        """The events of a stream, to its end."""
        return events_in(await wire(await self.start(path, body, **headers)))


async def pieces(reply: Reply) -> AsyncIterator[str]:
    """What comes over the wire, as it comes."""
    assert reply.status_code == 200, getattr(reply, "content", b"")
    async with asyncio.timeout(PATIENCE), aclosing(aiter(reply)) as chunks:
        async for chunk in chunks:
            yield chunk.decode()


async def wire(reply: Reply) -> str:
    return "".join([piece async for piece in pieces(reply)])


def events_in(text: str) -> list[StreamEvent]:
    """The events of a stream; comments are none. ``[DONE]`` stays as it is."""
    assert text.endswith("\n\n")
    blocks = [block.split("\n") for block in text.removesuffix("\n\n").split("\n\n") if not block.startswith(":")]
    found = []
    for event, data in blocks:
        assert event.startswith("event: ")
        assert data.startswith("data: ")
        payload = data.removeprefix("data: ")
        found.append((event.removeprefix("event: "), payload if payload == "[DONE]" else json.loads(payload)))
    return found


def names(events: list[StreamEvent]) -> list[str]:
    """The names of ``events``, a row of deltas counted once."""
    found: list[str] = []
    for name, _data in events:
        if not (name.endswith(".delta") and found and found[-1] == name):
            found.append(name)
    return found


def text_in(events: list[StreamEvent]) -> str:
    """The text of all message deltas."""
    contents = [data["delta"]["content"] for name, data in events if name == "thread.message.delta"]
    return "".join(part["text"]["value"] for content in contents for part in content if part["type"] == "text")
