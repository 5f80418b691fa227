"""Long bodies on their way through the server."""

from __future__ import annotations

import http.client
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.live import LiveServer

MEGABYTE = 1024 * 1024
SIZE = 150  # megabytes
HEAD = b'--line\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n' + (
    b'--line\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n\r\n'
)
TAIL = b"\r\n--line--\r\n"
BLOCK = os.urandom(MEGABYTE)


@pytest.fixture
def server(shared_server: LiveServer) -> LiveServer:
    return shared_server


@pytest.fixture
def key(server: LiveServer) -> str:
    return server.key


def form(blocks: int) -> Iterator[bytes]:
    yield HEAD
    for _number in range(blocks):
        yield BLOCK
    yield TAIL


@contextmanager
def asked(
    server: LiveServer, key: str, method: str, path: str, body: Iterator[bytes] | None = None, **headers: str
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=100)
    headers |= {"Authorization": f"Bearer {key}", "Content-Type": "multipart/form-data; boundary=line"}
    try:
        connection.request(method, path, body, headers, encode_chunked="Transfer-Encoding" in headers)
        yield connection.getresponse()
    finally:
        connection.close()


@contextmanager
def growth(server: LiveServer) -> Iterator[list[float]]:
    """How much more memory the server took at its peak, in megabytes, when all is over."""
    assert server.process
    process = psutil.Process(server.process.pid)
    before, peaks, over = process.memory_info().rss, [], threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            peaks.append((process.memory_info().rss - before) / MEGABYTE)

    watching = threading.Thread(target=watch)
    watching.start()
    found: list[float] = []
    try:
        yield found
    finally:
        over.set()
        watching.join()
        found.append(max(peaks, default=0.0))


class TestALongBody:
    def test_goes_to_the_disk_and_back_without_filling_memory(self, server: LiveServer, key: str) -> None:
        length = {"Content-Length": str(len(HEAD) + SIZE * MEGABYTE + len(TAIL))}
        with growth(server) as grown:
            with asked(server, key, "POST", "/v1/files", form(SIZE), **length) as reply:
                file = json.load(reply)
            with asked(server, key, "GET", f"/v1/files/{file['id']}/content") as reply:
                blocks = iter(lambda: reply.read(MEGABYTE), b"")
                same = [block == BLOCK for block in blocks]
        assert file["bytes"] == SIZE * MEGABYTE
        assert same == [True] * SIZE
        assert grown[0] < SIZE / 3

    def test_may_come_without_its_length(self, server: LiveServer, key: str) -> None:
        chunked = {"Transfer-Encoding": "chunked"}
        with asked(server, key, "POST", "/v1/files", form(1), **chunked) as reply:
            assert json.load(reply)["bytes"] == MEGABYTE
