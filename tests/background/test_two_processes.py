"""Two servers on one database, each with a data folder of its own: an answer streams through either."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.live import DATABASE, MIGRATE, PASSWORD, SET_UP, LiveServer
from tests.postgres import new_database, postgres
from tests.redis_server import RedisServer, redis_server

WORDS, RATE = 40, 20  # of an answer, and how many of them come in a second
ANSWER = f"/stream {WORDS} {RATE}"
MANY = WORDS / 4  # updates; looks at the rows would make four of an answer
PATIENCE = 60.0  # seconds
Pair = tuple[LiveServer, LiveServer]


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def pair(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    yield from servers_on_sqlite(tmp_path_factory, REDIS_URL=redis.url)


@pytest.fixture
def pair_without_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    yield from servers_on_sqlite(tmp_path_factory)


@pytest.fixture
def pair_on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with postgres() as address:
        environment = {"DATABASE_URL": new_database(address, "everthread"), "DJANGO_SECRET_KEY": "shared"}
        first = LiveServer(tmp_path_factory.mktemp("first"), **environment)
        first.key = first.shell(MIGRATE + SET_UP).strip()
        with first, LiveServer(tmp_path_factory.mktemp("second"), **environment) as second:
            yield first, second


def servers_on_sqlite(folders: pytest.TempPathFactory, **environment: str) -> Iterator[Pair]:
    first = LiveServer(folders.mktemp("first"), **environment)
    shared = {
        "DATABASE_URL": f"sqlite:///{first.data_dir / DATABASE}",
        "DJANGO_SECRET_KEY": (first.data_dir / "secret_key").read_text(),
    }
    with first, LiveServer(folders.mktemp("second"), **environment, **shared) as second:
        yield first, second


class Program:
    """Speaks to both servers with the first one's key."""

    assistant: str

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def post(self, server: LiveServer, path: str, body: Any) -> Any:
        async with self.session.post(f"{server.url}/v1{path}", json=body) as reply:
            assert reply.status == 200, await reply.text()
            return await reply.json()

    async def new_thread(self, server: LiveServer) -> str:
        thread = await self.post(server, "/threads", {"messages": [{"role": "user", "content": ANSWER}]})
        return str(thread["id"])

    async def start(self, server: LiveServer, thread: str) -> Any:
        return await self.post(server, f"/threads/{thread}/runs", {"assistant_id": self.assistant})


@asynccontextmanager
async def program(server: LiveServer) -> AsyncIterator[Program]:
    headers = {"Authorization": f"Bearer {server.key}", "OpenAI-Beta": "assistants=v2"}
    async with aiohttp.ClientSession(headers=headers) as session, asyncio.timeout(PATIENCE):
        speaker = Program(session)
        speaker.assistant = (await speaker.post(server, "/assistants", {"model": "scripted"}))["id"]
        yield speaker


class Listener:
    """A socket for programs on a thread, and what it was told of the thread's run."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.text, self.updates, self.is_over = "", 0, False

    async def read_to_end(self) -> Listener:
        while not self.is_over:
            await self.read_frame()
        return self

    async def read_frame(self) -> None:
        frame = json.loads((await self.socket.receive()).data)
        if frame["type"] == "snapshot" and frame["run"]:
            self.text = "".join(part["text"]["value"] for each in frame["messages"] for part in each["content"])
            self.updates += 1
            self.is_over = frame["run"]["status"] == "completed"
        elif frame["type"] == "event" and frame["event"] == "thread.message.delta":
            self.text += "".join(part["text"]["value"] for part in frame["data"]["delta"]["content"])
            self.updates += 1
        elif frame["type"] == "event":
            self.is_over = frame["event"] == "thread.run.completed"


@asynccontextmanager
async def listener(speaker: Program, server: LiveServer, thread: str) -> AsyncIterator[Listener]:
    address = f"{server.url}/ws/threads/{thread}/".replace("http", "ws", 1)
    async with speaker.session.ws_connect(address) as socket:
        await socket.receive()  # the rows as they are
        yield Listener(socket)


async def events_are(state: str, pair: Pair) -> None:
    """Wait until ``/readyz`` of both servers says ``state`` of their events, and 200 all the time."""
    states: set[str] = set()
    async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
        while states != {state}:
            await asyncio.sleep(0.05)
            states = set()
            for server in pair:
                async with session.get(f"{server.url}/readyz") as reply:
                    assert reply.status == 200
                    states.add((await reply.json())["events"])


async def answers(speaker: Program, pair: Pair) -> tuple[Listener, Listener]:
    """Return what listeners on both servers were told of one run."""
    thread = await speaker.new_thread(pair[0])
    async with listener(speaker, pair[0], thread) as one, listener(speaker, pair[1], thread) as other:
        await asyncio.sleep(0.2)
        await speaker.start(pair[0], thread)
        return await asyncio.gather(one.read_to_end(), other.read_to_end())


class TestWithRedis:
    async def test_an_answer_streams_through_the_other_server_alike(self, pair: Pair) -> None:
        async with program(pair[0]) as speaker:
            one, other = await answers(speaker, pair)
        assert other.text == one.text
        assert other.updates > MANY

    async def test_nothing_is_lost_when_redis_is_flushed_and_restarted(self, pair: Pair, redis: RedisServer) -> None:
        async with program(pair[0]) as speaker:
            thread = await speaker.new_thread(pair[0])
            async with listener(speaker, pair[0], thread) as one, listener(speaker, pair[1], thread) as other:
                await speaker.start(pair[0], thread)
                while other.updates < 5:
                    await other.read_frame()
                redis.client.flushall()
                await asyncio.to_thread(redis.stop)
                await events_are("degraded", pair)
                await asyncio.to_thread(redis.start)
                await asyncio.gather(one.read_to_end(), other.read_to_end())
            assert other.text == one.text
            await events_are("ok", pair)
            again, elsewhere = await answers(speaker, pair)
            assert elsewhere.text == again.text
            assert elsewhere.updates > MANY

    async def test_an_answer_comes_whole_while_redis_is_away(self, pair: Pair, redis: RedisServer) -> None:
        async with program(pair[0]) as speaker:
            await asyncio.to_thread(redis.stop)
            try:
                one, other = await answers(speaker, pair)
            finally:
                await asyncio.to_thread(redis.start)
            assert other.text == one.text
            await events_are("ok", pair)

    async def test_signing_out_closes_the_sockets_of_the_other_server(self, pair: Pair) -> None:
        await signing_out_closes_sockets(pair)


class TestWithoutRedis:
    async def test_an_answer_comes_through_the_other_server_from_the_rows(self, pair_without_redis: Pair) -> None:
        async with program(pair_without_redis[0]) as speaker:
            one, other = await answers(speaker, pair_without_redis)
        assert other.text == one.text
        assert other.updates >= 2

    async def test_postgres_tells_when_to_read_the_rows(self, pair_on_postgres: Pair) -> None:
        async with program(pair_on_postgres[0]) as speaker:
            one, other = await answers(speaker, pair_on_postgres)
            assert other.text == one.text
            assert other.updates >= 4  # twice as many as looks once a second
        await signing_out_closes_sockets(pair_on_postgres)


async def submit(page: aiohttp.ClientSession, server: LiveServer, path: str, **fields: str) -> None:
    """Submit a form as a page does."""
    async with page.get(f"{server.url}/sign-in/") as form:
        assert form.status == 200
    token = next(cookie.value for cookie in page.cookie_jar if cookie.key == "csrftoken")
    async with page.post(f"{server.url}{path}", data={"csrfmiddlewaretoken": token, **fields}) as reply:
        assert reply.status == 200


async def signing_out_closes_sockets(pair: Pair) -> None:
    """Sign out through the first server, and wait until the second closes the session's socket."""
    one, other = pair
    async with program(one) as speaker, aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as page:
        await submit(page, one, "/sign-in/", username="admin", password=PASSWORD)
        thread = await speaker.new_thread(one)
        address = f"{other.url}/ws/threads/{thread}/".replace("http", "ws", 1)
        async with page.ws_connect(address, headers={"Origin": other.url}) as socket:
            assert json.loads((await socket.receive()).data)["type"] == "snapshot"
            await submit(page, one, "/sign-out/")
            async with asyncio.timeout(20):  # without a signal it would be a minute
                closed = await socket.receive()
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 4401)
