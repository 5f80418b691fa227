"""The socket for programs on a real server."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from typing import Any

import aiohttp
import psutil
import pytest

from tests.live import ROOT, LiveServer

LONG = "/stream 20000 0"  # words, as fast as they come
CLIENT = ROOT / "docs" / "examples" / "websocket_client.py"
MAKE_THREAD = """
from chat.models import Assistant, Thread, User
user = User.objects.get(username="admin")
print(Thread.objects.create(owner=user, assistant=Assistant.objects.first()).id)
"""


@pytest.fixture
def server(shared_server: LiveServer) -> LiveServer:
    return shared_server


@pytest.fixture
def key(server: LiveServer) -> str:
    return server.key


@pytest.fixture
def thread_id(server: LiveServer) -> str:
    return server.shell(MAKE_THREAD).strip()


def ask(server: LiveServer, key: str, thread_id: str, question: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "EVERTHREAD_API_KEY": key}
    command = [sys.executable, str(CLIENT), server.url, thread_id, question]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


class TestTheExampleClient:
    def test_prints_the_answer(self, server: LiveServer, key: str, thread_id: str) -> None:
        done = ask(server, key, thread_id, "Does it rain?")
        assert done.stdout.strip() == "You said: Does it rain?"

    def test_says_why_a_run_failed(self, server: LiveServer, key: str, thread_id: str) -> None:
        done = ask(server, key, thread_id, "/fail unreachable 3")
        assert "The run ended: failed" in done.stderr

    def test_says_why_it_was_refused(self, server: LiveServer, key: str, thread_id: str) -> None:
        assert "4401" in ask(server, "wrong", thread_id, "Hello?").stderr
        assert "4404" in ask(server, key, "thread_absent", "Hello?").stderr

    def test_is_short_enough_to_be_read(self) -> None:
        code = CLIENT.read_text().split('"""', 2)[2].splitlines()
        assert len([line for line in code if line.strip()]) <= 40


class TestAClientThatNeverReads:
    async def test_slows_nobody_and_takes_no_memory(self, server: LiveServer, key: str, thread_id: str) -> None:
        """Each of ten is sent twenty long answers, some 75 MB together, and reads none of it."""
        assert server.process is not None
        process = psutil.Process(server.process.pid)
        async with (
            aiohttp.ClientSession(server.url, headers={"Authorization": f"Bearer {key}"}) as session,
            session.ws_connect(f"/ws/threads/{thread_id}/", max_msg_size=0) as reader,
        ):
            stuck = [await open_and_never_read(server, key, thread_id) for _ in range(10)]
            for _ in range(6):  # until what one such client may take, a few frames, is taken
                await answered(reader, LONG)
            before = process.memory_info().rss
            for _ in range(20):
                await answered(reader, LONG)
            grown = process.memory_info().rss - before
        for one in stuck:
            one.close()

        # Two fifths of what was sent; the allocator's own ups and downs are some 10 MB, however much is sent.
        assert grown < 30 * 1024 * 1024


async def answered(reader: aiohttp.ClientWebSocketResponse, question: str) -> None:
    await reader.send_json({"type": "send_message", "content": question})
    async with asyncio.timeout(60):
        while not is_end(await reader.receive_json()):
            pass


def is_end(frame: dict[str, Any]) -> bool:
    """Whether it tells that the run has ended, by its event or by the rows."""
    run = frame.get("run") if frame["type"] == "snapshot" else None
    return frame.get("event") == "thread.run.completed" or bool(run and run["status"] == "completed")


async def open_and_never_read(server: LiveServer, key: str, thread_id: str) -> socket.socket:
    """A client that shakes hands and then reads nothing; it has as little room for unread bytes as it may."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(one, ("127.0.0.1", server.port))
    handshake = (
        f"GET /ws/threads/{thread_id}/ HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Authorization: Bearer {key}\r\n\r\n"
    )
    await loop.sock_sendall(one, handshake.encode())
    await loop.sock_recv(one, 512)
    return one


class TestManyConnections:
    async def test_leave_no_growing_memory(self, server: LiveServer, key: str, thread_id: str) -> None:
        assert server.process is not None
        process = psutil.Process(server.process.pid)
        headers = {"Authorization": f"Bearer {key}"}

        async def connect(times: int) -> int:
            async with aiohttp.ClientSession(server.url, headers=headers) as session:
                for _ in range(times):
                    async with session.ws_connect(f"/ws/threads/{thread_id}/") as reader:
                        assert (await reader.receive_json())["type"] == "snapshot"
            return process.memory_info().rss

        warm = await connect(100)
        assert await connect(200) - warm < 8 * 1024 * 1024
