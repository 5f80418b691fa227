"""What a client gets before its request is complete: statuses for what is too long, too late or too much."""

from __future__ import annotations

import asyncio
import errno
import http.client
import io
import resource
import socket
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from twisted.internet.task import Clock
from twisted.internet.tcp import Connection as TcpConnection
from twisted.internet.testing import StringTransport

from chat.management.http_server.http_channel import (
    HEADERS_WITHIN,
    LINGER_BYTES,
    LINGER_SECONDS,
    BoundedChannel,
    send_soon,
)
from chat.management.http_server.request_limits import FREE
from tests.live import LiveServer

MEGABYTE = 1024**2
SERVER = SimpleNamespace(protocol_connected=lambda _request: None, protocol_disconnected=lambda _request: None)


class Connection:
    """A channel without a socket, whose clock stands still."""

    def __init__(self, *, descriptor: int = 20) -> None:
        self.clock, self.transport = Clock(), StringTransport()
        self.transport.fileno = lambda: descriptor
        self.transport.loseWriteConnection = lambda: None
        self.channel = BoundedChannel()
        self.channel.factory, self.channel.timeOut = SimpleNamespace(server=SERVER), None
        self.channel.callLater = self.clock.callLater
        self.channel.makeConnection(self.transport)

    def send(self, *lines: str, body: bytes = b"") -> None:
        self.channel.dataReceived("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    @property
    def status(self) -> int:
        """Of the answer; 0 without one."""
        return int((self.transport.value().split() or [b"", b"0"])[1])


class TestTheHeaders:
    @pytest.mark.parametrize(
        ("lines", "status"),
        [
            (["GET /" + "a" * 20_000 + " HTTP/1.1"], 414),
            (["GET /" + "a" * 16_380 + " HTTP/1.1"], 414),
            (["GET / HTTP/1.1", "X-A: " + "a" * 20_000], 431),
            (["GET / HTTP/1.1", *["X-A: " + "a" * 2_000] * 20], 431),
            (["GET / HTTP/1.1", *["X-A: a"] * 600], 400),
            (["GET / HTTP/1.1", "Content-Length: " + "9" * 5_000], 400),
            (["GET / HTTP/1.1", "Content-Length: -1"], 400),
            (["GET / HTTP/1.1", "Transfer-Encoding: gzip"], 400),
            (["GET / HTTP/7"], 400),
            (["\x16\x03\x01"], 400),
        ],
    )
    def test_are_refused_with_a_status(self, lines: list[str], status: int) -> None:
        connection = Connection()
        connection.send(*lines)
        assert connection.status == status

    def test_of_a_line_without_end_are_refused_too(self) -> None:
        connection = Connection()
        connection.channel.dataReceived(b"GET /" + b"a" * 20_000)
        assert connection.status == 414

    def test_must_arrive_in_time_however_busily_they_come(self) -> None:
        connection = Connection()
        connection.channel.dataReceived(b"GET / HTTP/1.1\r\n")
        for _second in range(int(HEADERS_WITHIN)):
            connection.channel.dataReceived(b"X-A: a\r\n")
            connection.clock.advance(1)
        assert connection.status == 408
        connection.clock.advance(LINGER_SECONDS)
        assert connection.transport.disconnecting

    def test_that_never_come_close_the_connection_without_a_word(self) -> None:
        connection = Connection()
        connection.clock.advance(HEADERS_WITHIN)
        assert (connection.status, connection.transport.disconnecting) == (0, True)

    def test_are_not_waited_for_once_they_are_there(self) -> None:
        connection = Connection()
        connection.send("POST / HTTP/1.1", "Content-Length: 10")
        connection.clock.advance(10 * HEADERS_WITHIN)
        assert (connection.status, connection.transport.disconnecting) == (0, False)

    def test_do_not_move_the_site(self) -> None:
        connection = Connection()
        connection.send("POST / HTTP/1.1", "Content-Length: 10", "Daphne-Root-Path: \xff")
        assert not connection.channel.requests[0].requestHeaders.hasHeader(b"daphne-root-path")


class TestABody:
    @pytest.mark.parametrize("path", ["/v1/files", "/v1/assistants", "/openai/files", "/v1/%66iles", "/v1/nothing?a=b"])
    @pytest.mark.parametrize("key", [[], ["Authorization: Basic x"], ["api-key: "]])
    def test_is_refused_by_its_headers_without_a_key(self, path: str, key: list[str]) -> None:
        connection = Connection()
        connection.send(f"POST {path} HTTP/1.1", "Content-Length: 2000000000", *key)
        assert connection.status == 401
        assert b"You didn't provide an API key" in connection.transport.value()

    @pytest.mark.parametrize(
        ("path", "most"),
        [
            ("/v1/files", 513 * MEGABYTE),
            ("/v1/uploads/upload_1/parts", 513 * MEGABYTE),
            ("/v1/assistants", 5 * MEGABYTE),
            ("/files/", 513 * MEGABYTE),
            ("/admin/chat/vectorstore/1/upload/", 513 * MEGABYTE),
            ("/admin/chat/assistant/1/change/", 513 * MEGABYTE),
            ("/threads/start/", 5 * MEGABYTE),
            ("/admin/chat/provider/1/change/", 5 * MEGABYTE),
            ("/sign-in/", FREE),
            ("/password/forgotten/", FREE),
            ("/admin/login/", FREE),
        ],
    )
    def test_has_a_limit_by_its_address(self, path: str, most: int) -> None:
        connection = Connection()
        connection.send(f"POST {path} HTTP/1.1", f"Content-Length: {most + 1}", "Authorization: Bearer x")
        assert connection.status == 413

    def test_of_unknown_length_is_refused_while_it_is_received(self) -> None:
        connection = Connection()
        connection.send("POST /sign-in/ HTTP/1.1", "Content-Length: 10")
        connection.channel.requests[0].handleContentChunk(b"x" * (FREE + 1))
        assert connection.status == 413

    def test_that_the_disk_does_not_take_is_refused_in_words(self) -> None:
        class Full(io.BytesIO):
            def write(self, data: object) -> int:
                raise OSError(errno.ENOSPC, "No space left on device")

        connection = Connection()
        connection.send("POST /v1/files HTTP/1.1", "Content-Length: 10")
        connection.channel.requests[0].content = Full()
        connection.channel.dataReceived(b"x" * 10)
        assert connection.status == 507
        assert b"disk is full" in connection.transport.value()

    def test_of_the_refused_is_received_no_further(self) -> None:
        connection = Connection()
        connection.send("POST /sign-in/ HTTP/1.1", "Content-Length: 2000000000", body=b"x" * LINGER_BYTES)
        assert not connection.transport.disconnecting  # the client may still read why
        connection.channel.dataReceived(b"x" * (LINGER_BYTES + 1))
        assert connection.transport.disconnecting


class TestAConnection:
    def test_beyond_a_share_of_the_descriptors_is_asked_to_come_back(self) -> None:
        connection = Connection(descriptor=resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1)
        assert connection.status == 503
        assert b"Retry-After" in connection.transport.value()


def blocks(count: int, sent: list[int]) -> Iterator[bytes]:
    for _number in range(count):
        sent[0] += MEGABYTE
        yield b"x" * MEGABYTE


class TestTheServer:
    def test_may_have_as_many_descriptors_as_the_system_allows(self, shared_server: LiveServer) -> None:
        assert shared_server.process
        soft, hard = resource.prlimit(shared_server.process.pid, resource.RLIMIT_NOFILE)
        assert soft == hard

    @pytest.mark.parametrize(
        ("path", "length", "status"),
        [
            ("/v1/files", {"Content-Length": str(200 * MEGABYTE)}, 401),
            ("/v1/files", {"Transfer-Encoding": "chunked"}, 401),
            ("/files/", {"Content-Length": str(200 * MEGABYTE)}, 401),
            ("/threads/start/", {"Transfer-Encoding": "chunked"}, 401),
            ("/sign-in/", {"Transfer-Encoding": "chunked"}, 401),
        ],
    )
    def test_receives_no_long_body_of_a_stranger(
        self, shared_server: LiveServer, path: str, length: dict[str, str], status: int
    ) -> None:
        connection, sent = http.client.HTTPConnection("127.0.0.1", shared_server.port, timeout=60), [0]
        headers = {**length, "Authorization": "Bearer et-made-up", "Cookie": "sessionid=made-up"}
        try:
            connection.request("POST", path, blocks(200, sent), headers, encode_chunked="Transfer-Encoding" in headers)
        except OSError:
            connection._HTTPConnection__state = "Request-sent"  # the answer is there all the same
        assert connection.getresponse().status == status
        assert sent[0] < 50 * MEGABYTE  # what fits in the buffers of both ends
        connection.close()


class ServedEnd(TcpConnection):
    """Twisted's end of a pair of sockets, which notes each time that the selector is asked to tell when it may send."""

    def __init__(self, end: socket.socket) -> None:
        self.asked = 0
        reactor = SimpleNamespace(
            addWriter=lambda _it: None, removeWriter=lambda _it: None, removeReader=lambda _it: None
        )
        super().__init__(end, SimpleNamespace(connectionLost=lambda _reason: None), reactor)
        self.connected = 1

    def startWriting(self) -> None:
        self.asked += 1


Ends = tuple[ServedEnd, socket.socket]


class TestWhatIsWritten:
    @pytest.fixture
    def ends(self) -> Iterator[Ends]:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.settimeout(10)
        with ours, theirs:
            yield ServedEnd(ours), theirs

    async def test_is_sent_together_at_the_next_turn_without_asking_the_selector(self, ends: Ends) -> None:
        connection, client = ends
        send_soon(connection)
        connection.write(b"one ")
        connection.writeSequence([b"two ", b"three"])
        await asyncio.sleep(0)
        assert (client.recv(100), connection.asked) == (b"one two three", 0)

    async def test_waits_for_the_selector_when_the_client_does_not_read(self, ends: Ends) -> None:
        connection, client = ends
        send_soon(connection)
        connection.write(b"a" * 8 * MEGABYTE)
        await asyncio.sleep(0)
        connection.write(b"b")
        await asyncio.sleep(0)
        assert connection.asked == 2

        received = b""
        while connection.dataBuffer:  # as often as the selector would call it
            received += client.recv(MEGABYTE)
            assert connection.doWrite() is None
        while len(received) <= 8 * MEGABYTE:
            received += client.recv(MEGABYTE)
        assert received == b"a" * 8 * MEGABYTE + b"b"

    async def test_to_a_client_that_is_gone_leaves_it_to_twisted_to_close(self, ends: Ends) -> None:
        connection, client = ends
        send_soon(connection)
        client.close()
        connection.write(b"one")
        await asyncio.sleep(0)
        assert connection.asked == 1

    async def test_is_sent_before_the_connection_ends(self, ends: Ends) -> None:
        connection, client = ends
        send_soon(connection)
        connection.write(b"bye")
        connection.loseConnection()
        await asyncio.sleep(0)
        assert (client.recv(100), connection.asked) == (b"bye", 1)  # that turn of Twisted's closes it
