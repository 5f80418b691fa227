"""What survives: a server that is killed, a client that vanishes, nobody who asks.

Here runs are those of a real server, since what is killed must be a process.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from chat.events.types import Event
from chat.models.runs import ENDED
from tests.engine.golden import assert_like
from tests.live import LiveServer

RUNS = 20
LONG = "/stream 600 20"  # half a minute
PATIENCE = 20.0  # seconds
EXPIRE = """
import time
from django.utils import timezone
from chat.models import Run
run = Run.objects.filter(id={!r})
run.update(expires_at=timezone.now())
end = time.monotonic() + {}
while run.get().is_live and time.monotonic() < end: time.sleep(0.1)
print(run.get().status)
"""

Body = dict[str, Any]


class Program:
    """An assistant's user over HTTP."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def ask(self, method: str, path: str, body: Body | None = None) -> Body:
        async with self.session.request(method, f"/v1{path}", json=body) as reply:
            shown: Body = await reply.json()
            assert reply.status == 200, shown
            return shown

    async def thread(self, said: str) -> tuple[str, Body]:
        """The path of a new thread's runs, and what begins one."""
        look = {"type": "function", "function": {"name": "look"}}
        settings = {"model": "scripted", "instructions": "Be brief.", "tools": [look]}
        assistant = await self.ask("POST", "/assistants", settings)
        thread = await self.ask("POST", "/threads", {"messages": [{"role": "user", "content": said}]})
        return f"/threads/{thread['id']}/runs", {"assistant_id": assistant["id"]}

    async def hear(self, path: str, body: Body) -> AsyncIterator[Event]:
        """The events of a stream as they come, up to its end or that of the server."""
        async with self.session.post(f"/v1{path}", json={**body, "stream": True}) as reply:
            assert reply.status == 200, await reply.text()
            name = ""
            try:
                async for line in reply.content:
                    field, _colon, value = line.decode().strip().partition(": ")
                    if field == "event":
                        name = value
                    elif field == "data" and name != "done":
                        yield Event("", 0, name, json.loads(value))
            except aiohttp.ClientError:
                return

    async def until(self, path: str, wanted: Callable[[Body], bool]) -> Body:
        """The object at ``path`` as soon as it is ``wanted``."""
        end = time.monotonic() + PATIENCE
        while not wanted(shown := await self.ask("GET", path)):
            assert time.monotonic() < end, shown
            await asyncio.sleep(0.1)
        return shown

    async def ended(self, path: str) -> Body:
        return await self.until(path, lambda run: run["status"] in ENDED)

    async def answer(self, run: Body) -> str:
        """What a run said."""
        listed = await self.ask("GET", f"/threads/{run['thread_id']}/messages?run_id={run['id']}")
        return "".join(part["text"]["value"] for message in listed["data"] for part in message["content"])


@dataclass
class Served:
    """A running server and a key to it."""

    server: LiveServer
    key: str

    @asynccontextmanager
    async def program(self) -> AsyncIterator[Program]:
        headers = {"Authorization": f"Bearer {self.key}", "OpenAI-Beta": "assistants=v2"}
        async with aiohttp.ClientSession(self.server.url, headers=headers) as session:
            yield Program(session)

    def expire(self, run: Body) -> str:
        """Make it later than the run's last moment; how the run is then. The server is not asked."""
        return self.server.shell(EXPIRE.format(run["id"], PATIENCE)).strip()


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    server = LiveServer(folder)
    server.start()
    yield Served(server, server.key)
    server.kill()


@pytest.fixture
def live(shared_server: LiveServer) -> Served:
    return Served(shared_server, shared_server.key)


def in_words(event: Event) -> str:
    """What a delta adds."""
    if event.name != "thread.message.delta":
        return ""
    return "".join(part["text"]["value"] for part in event.data["delta"]["content"])


class TestAServerThatIsKilled:
    async def test_has_ended_its_runs_and_freed_its_threads_when_it_is_back(self, tmp_path: Path) -> None:
        with served(tmp_path) as live:
            async with live.program() as one:
                spoken = [asyncio.Event() for _ in range(RUNS)]
                hearing = [asyncio.create_task(self.hear(one, each)) for each in spoken]
                for each in spoken:
                    await each.wait()
                live.server.kill()
                heard = await asyncio.gather(*hearing)
                live.server.start()
                await asyncio.gather(*(self.check(one, run, words) for run, words in heard))

    async def hear(self, one: Program, spoken: asyncio.Event) -> tuple[Body, str]:
        """A run, and what it said before its stream broke; for a second, at the least."""
        events, heard = [], ""
        async for event in one.hear(*await one.thread(LONG)):
            events.append(event)
            heard += in_words(event)
            if "word20 " in heard:
                spoken.set()
        return events[0].data, heard

    async def check(self, one: Program, run: Body, heard: str) -> None:
        path = f"/threads/{run['thread_id']}"
        ended = await one.ended(f"{path}/runs/{run['id']}")
        assert (ended["status"], ended["last_error"]["code"]) == ("failed", "server_error")
        kept = await one.answer(run)
        assert kept.startswith("word1 ")
        assert heard.startswith(kept) or kept.startswith(heard)
        await one.ask("POST", f"{path}/messages", {"role": "user", "content": "/say Back again."})
        again = await one.ask("POST", f"{path}/runs", {"assistant_id": run["assistant_id"]})
        again = await one.ended(f"{path}/runs/{again['id']}")
        assert (again["status"], await one.answer(again)) == ("completed", "Back again.")


class TestAClientThatVanishes:
    async def test_ends_no_run(self, live: Served) -> None:
        async with live.program() as one:
            path, body = await one.thread("/stream 40 20")
            async with live.program() as other:
                async for event in other.hear(path, body):
                    if in_words(event):
                        break
            run = (await one.ask("GET", path))["data"][0]
            assert run["status"] == "in_progress"
            run = await one.ended(f"{path}/{run['id']}")
            assert run["status"] == "completed"
            assert await one.answer(run) == "".join(f"word{number} " for number in range(1, 41))

    async def test_leaves_no_error_behind_whenever_it_goes(self, live: Served) -> None:
        logged = live.server.log.stat().st_size
        async with live.program() as one:
            for milliseconds in range(0, 60):
                path, body = await one.thread("/stream 10 0")
                content = json.dumps({**body, "stream": True})
                head = f"POST /v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {live.key}\r\n"
                head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
                _reader, writer = await asyncio.open_connection("127.0.0.1", live.server.port)
                writer.write((head + content).encode())
                await writer.drain()
                await asyncio.sleep(milliseconds / 1000)
                writer.transport.abort()
        assert b"Traceback" not in live.server.log.read_bytes()[logged:]


class TestARunWhoseTimeIsOver:
    async def test_expires_and_says_so_to_who_listens(self, live: Served) -> None:
        events: list[Event] = []
        async with live.program() as one:
            async for event in one.hear(*await one.thread("/slow 600")):
                if in_words(event) and not in_words(events[-1]):
                    assert await asyncio.to_thread(live.expire, events[0].data) == "expired"
                events.append(event)
        assert_like(events, "08_expired")

    async def test_expires_when_nobody_asks_for_it(self, live: Served) -> None:
        async with live.program() as one:
            path, body = await one.thread("/call look")
            events = [event async for event in one.hear(path, body)]
            run = events[-1].data
            assert run["status"] == "requires_action"
            assert await asyncio.to_thread(live.expire, run) == "expired"
            assert (await one.ask("GET", f"{path}/{run['id']}"))["required_action"] is None
            await one.ask("POST", path, body)
