"""A server on PostgreSQL: streams hold no connection, and lost ones are replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from tests.bench.processes import Child
from tests.live import LiveServer, free_port
from tests.postgres import new_database, postgres, terminate_all

CONNECTIONS, STREAMS = 3, 8
OF_EVENTS = 2  # connections that listen to other processes, and tell them
OF_JOBS = 4  # of Procrastinate
DATABASE = "everthread"
DONE = b"event: done\n"
DELTA = b"event: thread.message.delta\n"


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with postgres() as address:
        yield address


@pytest.fixture(scope="module")
def server(cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with Child("tests.bench.mock_upstream", free_port()) as upstream:
        running = LiveServer(
            tmp_path_factory.mktemp("postgres"),
            DATABASE_URL=new_database(cluster, DATABASE),
            EVERTHREAD_DATABASE_CONNECTIONS=str(CONNECTIONS),
            OPENAI_BASE_URL=f"http://127.0.0.1:{upstream.port}/v1",
        )
        with running:
            running.key = running.manage("createapikey", "admin").strip()
            yield running


class Stream:
    """A run that streams an answer, of 60 deltas in six seconds."""

    def __init__(self, session: aiohttp.ClientSession, server: LiveServer, assistant: str) -> None:
        thread = {"messages": [{"role": "user", "content": "Hello"}]}
        body = {"assistant_id": assistant, "model": "mock-60-10-0", "stream": True, "thread": thread}
        self.request = session.post(f"{server.url}/v1/threads/runs", json=body)
        self.response: aiohttp.ClientResponse | None = None

    async def read_to(self, line: bytes) -> None:
        """Read on until ``line`` comes. Raise ``AssertionError`` if the stream ends without it."""
        if self.response is None:
            self.response = await self.request
            assert self.response.status == 200, await self.response.text()
        async for read in self.response.content:
            if read == line:
                return
        raise AssertionError(f"the stream ended without {line!r}")


class TestAServerOnPostgres:
    async def test_goes_on_when_all_connections_are_lost(self, server: LiveServer, cluster: str) -> None:
        async with AsyncExitStack() as stack:
            headers = {"Authorization": f"Bearer {server.key}", "OpenAI-Beta": "assistants=v2"}
            session = await stack.enter_async_context(aiohttp.ClientSession(headers=headers))
            async with session.post(f"{server.url}/v1/assistants", json={"model": "mock"}) as made:
                assistant = (await made.json())["id"]
            streams = [Stream(session, server, assistant) for _ in range(STREAMS)]
            await asyncio.gather(*(stream.read_to(DELTA) for stream in streams))  # more than there are connections

            for _ in range(3):
                assert await asyncio.to_thread(terminate_all, cluster, DATABASE) <= CONNECTIONS + OF_EVENTS + OF_JOBS
                later = Stream(session, server, assistant)
                await later.read_to(DELTA)
                streams.append(later)

            await asyncio.gather(*(stream.read_to(DONE) for stream in streams))
            async with session.get(f"{server.url}/readyz") as ready:
                assert ready.status == 200
        statuses = server.shell("from chat.models import Run; print({run.status for run in Run.objects.all()})")
        assert statuses.strip() == "{'completed'}"
