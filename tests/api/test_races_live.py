"""Two programs that want one thread at the same moment: reference, sections 6.3 and 14.4."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx2
import openai
import pytest

from tests.live import LiveServer

TRIALS = 60
# A run that nobody ends: it says nothing until all is over.
MESSAGE = {"role": "user", "content": "/wait 600"}
LATE_MESSAGES = """
from django.db.models import F
from chat.models import Message
print(Message.objects.filter(thread__runs__isnull=False, created_at__gt=F("thread__runs__created_at")).count())
"""

Answer = tuple[int, dict[str, Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("races"))
    server.start()
    yield server
    server.kill()  # it would wait for its runs


@pytest.fixture(scope="module")
def key(server: LiveServer) -> str:
    return server.key


class Program:
    """Speaks JSON over connections that stay open."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def post(self, path: str, body: dict[str, Any]) -> Answer:
        async with self.session.post(f"/v1{path}", json=body) as reply:
            assert "x-should-retry" not in reply.headers
            return reply.status, await reply.json()

    async def made(self, path: str, body: dict[str, Any]) -> str:
        """The id of what is made."""
        status, shown = await self.post(path, body)
        assert status == 200, shown
        return str(shown["id"])

    async def thread(self) -> str:
        return await self.made("/threads", {"messages": [MESSAGE]})


@asynccontextmanager
async def program(server: LiveServer, key: str) -> AsyncIterator[Program]:
    headers = {"Authorization": f"Bearer {key}", "OpenAI-Beta": "assistants=v2"}
    async with aiohttp.ClientSession(server.url, headers=headers) as session:
        yield Program(session)


def refusal(message: str) -> Answer:
    return 400, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


class TestTwoRuns:
    async def test_are_never_begun_on_one_thread(self, server: LiveServer, key: str) -> None:
        async with program(server, key) as one, program(server, key) as other:
            body = {"assistant_id": await one.made("/assistants", {"model": "scripted"})}
            for _ in range(TRIALS):
                thread_id = await one.thread()
                path = f"/threads/{thread_id}/runs"
                answers = await asyncio.gather(one.post(path, body), other.post(path, body))
                (status, run), loser = sorted(answers, key=lambda answer: answer[0])
                assert (status, run["object"]) == (200, "thread.run")
                assert loser == refusal(f"Thread {thread_id} already has an active run {run['id']}.")

    async def test_take_an_sdk_one_request_each(self, server: LiveServer, key: str) -> None:
        """What it takes for a passing trouble it would try again (reference, section 1.2)."""
        sent: list[str] = []

        async def count(request: httpx2.Request) -> None:
            sent.append(request.url.path)

        async with (
            program(server, key) as setting,
            openai.AsyncOpenAI(
                base_url=f"{server.url}/v1",
                api_key=key,
                http_client=openai.DefaultAsyncHttpxClient(event_hooks={"request": [count]}),
            ) as sdk,
        ):
            assistant_id = await setting.made("/assistants", {"model": "scripted"})
            thread_id = await setting.thread()
            begin = sdk.beta.threads.runs.create
            with pytest.warns(DeprecationWarning, match="deprecated"):
                both = [begin(thread_id=thread_id, assistant_id=assistant_id) for _ in range(2)]
            answers = await asyncio.gather(*both, return_exceptions=True)
        assert sorted(type(answer).__name__ for answer in answers) == ["BadRequestError", "Run"]
        assert sent == [f"/v1/threads/{thread_id}/runs"] * 2


class TestAMessage:
    async def test_is_never_added_while_a_run_is_live(self, server: LiveServer, key: str) -> None:
        refused = 0
        async with program(server, key) as one, program(server, key) as other:
            body = {"assistant_id": await one.made("/assistants", {"model": "scripted"})}
            for trial in range(TRIALS):
                thread_id = await one.thread()
                saying = one.post(f"/threads/{thread_id}/messages", MESSAGE)
                running = other.post(f"/threads/{thread_id}/runs", body)
                if trial % 2:
                    said, (status, run) = await asyncio.gather(saying, running)
                else:
                    (status, run), said = await asyncio.gather(running, saying)
                assert status == 200, run
                if said[0] != 200:
                    refused += 1
                    assert said == refusal(f"Can't add messages to {thread_id} while a run {run['id']} is active.")
        assert server.shell(LATE_MESSAGES).strip() == "0"
        assert 0 < refused < TRIALS  # else nobody raced
