"""Clients that vanish: nothing of their streams stays, and not only when the garbage collector comes by.

A hold on a thread's events that the collector ends could be ended while the bus is locked, and stop the server.
"""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from chat.events.bus import bus
from chat.models import Assistant, Run, Thread
from config.asgi import django_application
from tests.api.calling import Api
from tests.engine.stage import in_thread, until

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 10  # as often as each client comes and goes


class Vanishing:
    """Sends one request. It is gone once it was sent ``hears`` messages, and does not take the last of them."""

    def __init__(self, *, hears: int, takes_last: bool) -> None:
        self.hears, self.takes_last = hears, takes_last
        self.heard: list[Any] = []
        self.gone = asyncio.Event()
        if not hears:
            self.gone.set()

    async def ask(self, api: Api, path: str, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        headers = api.headers | {"Host": "localhost", "Content-Type": "application/json"}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        messages = self.messages(content)
        await django_application(scope, messages.__anext__, self.send)

    async def messages(self, content: bytes) -> AsyncIterator[dict[str, Any]]:
        yield {"type": "http.request", "body": content}
        await self.gone.wait()
        yield {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.heard.append(message)
        if len(self.heard) < self.hears:
            return
        self.gone.set()
        if not self.takes_last:
            await asyncio.Event().wait()


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
class TestAClientThatVanishes:
    @pytest.mark.parametrize("hears", [0, 1, 2])
    @pytest.mark.parametrize("takes_last", [True, False], ids=["reads", "does not read"])
    async def test_leaves_nothing_behind_but_its_run(
        self, api: Api, assistant: Assistant, hears: int, takes_last: bool
    ) -> None:
        tasks = asyncio.all_tasks()
        for _ in range(TIMES):
            thread = await Thread.objects.acreate(owner=assistant.owner)
            client = Vanishing(hears=hears, takes_last=takes_last)
            async with asyncio.timeout(20):
                await client.ask(api, f"/v1/threads/{thread.id}/runs", {"assistant_id": assistant.id, "stream": True})
        await until(lambda: not bus.topics, what="the end of all streams")
        assert asyncio.all_tasks() == tasks
        if hears:
            assert await in_thread(Run.objects.live().count)() == TIMES
