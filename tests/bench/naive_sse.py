"""What one writes first: an ASGI application on Daphne that awaits the SDK's stream and sends an event for each chunk.

No framework, no key, no storage, no resuming. It takes what the mock takes and answers with the same chunks.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable
from typing import Any

from daphne.server import Server
from openai import AsyncOpenAI

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Application:
    """Relays chat completions."""

    def __init__(self, upstream: int) -> None:
        self._client = AsyncOpenAI(base_url=f"http://127.0.0.1:{upstream}/v1", api_key="none")

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        asked = json.loads(await body_of(receive))
        stream = await self._client.chat.completions.create(
            model=asked["model"], messages=[{"role": "user", "content": "Hello"}], stream=True
        )
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for chunk in stream:
            event = f"data: {chunk.model_dump_json()}\n\n".encode()
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


async def body_of(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        part = await receive()
        body, more = body + part["body"], part["more_body"]
    return body


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", type=int, required=True)
    options = parser.parse_args()
    endpoint = f"tcp:{options.port}:interface=127.0.0.1:backlog=4096"
    Server(Application(options.upstream), endpoints=[endpoint]).run()
