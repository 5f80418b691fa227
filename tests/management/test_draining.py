"""A server that is stopped while others go on: programs and pages lose nothing."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator

import httpx2
import pytest
from aiohttp import ClientSession, WSMsgType
from openai import APIError, OpenAI

from tests.failover import Failover, failover
from tests.live import START, LiveServer
from tests.management.test_work import Program, until, work
from tests.redis_server import redis_server

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

GRACE = {"EVERTHREAD_GRACE_SECONDS": "5"}


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that goes on, and that leaves work to a process of its own."""
    with redis_server() as redis:
        shared = {"REDIS_URL": redis.url, "EVERTHREAD_WORKERS": "false"}
        with LiveServer(tmp_path_factory.mktemp("data"), **shared) as server, work(server):
            yield server
        assert "Traceback" not in server.log.read_text()


@pytest.fixture
def one(other: LiveServer) -> Iterator[LiveServer]:
    """A server on the same rows, which the test stops."""
    shared = {name: other.environment[name] for name in ("REDIS_URL", "EVERTHREAD_WORKERS")} | GRACE
    server = LiveServer(other.data_dir, **shared)
    server.log, server.key = other.data_dir / "one.log", other.key
    with server:
        yield server
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def proxy(one: LiveServer, other: LiveServer) -> Iterator[Failover]:
    with failover([one.port, other.port]) as proxy:
        yield proxy


def sdk(server: LiveServer | Failover, key: str) -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key=key, timeout=START)


def terminate(server: LiveServer) -> subprocess.Popen[bytes]:
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)
    return server.process


class TestAServerThatIsStopped:
    def test_accepts_nothing_new_and_lets_a_stream_end(self, one: LiveServer, proxy: Failover) -> None:
        client = sdk(proxy, one.key)
        assistant = client.beta.assistants.create(model="scripted")
        thread = client.beta.threads.create(messages=[{"role": "user", "content": "/slow 3"}])
        with (
            httpx2.Client() as kept_alive,
            client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream,
        ):
            assert kept_alive.get(f"{one.url}/readyz").json()["serving"]
            text = iter(stream.text_deltas)
            words = [next(text)]
            process = terminate(one)
            until(lambda: not accepts(one))
            answer = kept_alive.get(f"{one.url}/readyz")
            assert (answer.status_code, answer.json()["serving"]) == (503, False)
            assert answer.headers["connection"] == "close"
            words += text
        assert "".join(words).split() == ["word1", "word2", "word3"]
        assert process.wait(timeout=START) == 0
        assert client.beta.threads.retrieve(thread.id).id == thread.id  # the other one answers

    def test_says_in_a_stream_that_takes_longer_why_it_ends(self, one: LiveServer, proxy: Failover) -> None:
        client = sdk(proxy, one.key)
        assistant = client.beta.assistants.create(model="scripted")
        thread = client.beta.threads.create(messages=[{"role": "user", "content": "/slow 30"}])
        with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
            events = iter(stream)
            run_id = next(event.data.id for event in events if event.event == "thread.run.created")
            terminate(one)
            with pytest.raises(APIError, match="This server is being stopped; the run goes on"):
                for _event in events:
                    pass
        assert client.beta.threads.runs.retrieve(run_id, thread_id=thread.id).status == "in_progress"
        client.beta.threads.runs.cancel(run_id, thread_id=thread.id)

    async def test_tells_sockets_to_connect_again(self, one: LiveServer, proxy: Failover) -> None:
        with Program(one) as program:
            run = program.start_run("/slow 6")
        path = f"/ws/threads/{run.split('/')[2]}/"
        frames = []
        async with ClientSession(proxy.url, headers={"Authorization": f"Bearer {one.key}"}) as session:
            async with session.ws_connect(path) as socket:
                while "thread.message.delta" not in {frame.get("event") for frame in frames}:
                    frames.append(await socket.receive_json())
                terminate(one)
                while (message := await socket.receive()).type == WSMsgType.TEXT:
                    frames.append(message.json())
                assert socket.close_code == 1012
            async with session.ws_connect(path) as socket:
                first = await socket.receive_json()
                assert (first["type"], first["run"]["status"]) == ("snapshot", "in_progress")
                ended = False
                while not ended:
                    ended = (await socket.receive_json()).get("event") == "thread.run.completed"


def accepts(server: LiveServer) -> bool:
    try:
        httpx2.get(f"{server.url}/healthz")
    except httpx2.ConnectError:
        return False
    return True
