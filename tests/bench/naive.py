"""What one writes first: a Channels consumer on Daphne that awaits the SDK's stream and sends a frame for each delta.

No sign-in, no storage, no resuming, no Stop.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import django
from django.conf import settings

settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="bench", INSTALLED_APPS=["channels"], LOGGING_CONFIG=None)
django.setup()

# Only now can these be imported: they read the settings, and Daphne chooses Twisted's reactor.
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from daphne.server import Server  # noqa: E402
from openai import AsyncOpenAI  # noqa: E402


class Consumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    client: AsyncOpenAI

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        stream = await self.client.chat.completions.create(
            model=text_data or "", messages=[{"role": "user", "content": "Hello"}], stream=True
        )
        async for chunk in stream:
            if chunk.choices and (text := chunk.choices[0].delta.content):
                await self.send(text_data=json.dumps({"delta": text}))


def application(upstream: int) -> Any:
    Consumer.client = AsyncOpenAI(base_url=f"http://127.0.0.1:{upstream}/v1", api_key="none")
    return Consumer.as_asgi()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", type=int, required=True)
    options = parser.parse_args()
    endpoint = f"tcp:{options.port}:interface=127.0.0.1:backlog=4096"
    Server(application(options.upstream), endpoints=[endpoint]).run()
