"""The load client: many chats at once against one target, every delta timed."""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from picows import WSFrame, WSListener, WSMsgType, WSParsedURL, WSTransport, ws_connect

from tests.bench.processes import cpu_seconds
from tests.bench.stamps import Tally

PATIENCE = 60.0  # seconds that the last delta may be late


@dataclass(frozen=True, slots=True)
class Work:
    """So many ``chats`` at once, each of ``deltas`` at ``rate`` a second (0: as fast as they are taken).

    ``padding`` is how many bytes a delta is longer than its stamp of about 20.
    """

    chats: int
    deltas: int
    rate: int
    padding: int = 0

    @property
    def model(self) -> str:
        """The model of the mock upstream that does this."""
        return f"mock-{self.deltas}-{self.rate}-{self.padding}"


class Connection(Protocol):
    """A chat that is connected and has not asked yet."""

    def start(self) -> None: ...

    def close(self) -> None: ...


class Target(Protocol):
    """What is measured: a server that relays the mock's stream. ``pid`` is its process, None for the mock itself."""

    @property
    def name(self) -> str: ...

    @property
    def pid(self) -> int | None: ...

    async def prepare(self, work: Work) -> None:
        """Whatever must exist before chats can connect."""
        ...

    async def connect(self, number: int, work: Work, tally: Tally) -> Connection:
        """Chat ``number``, from 0, connected; its frames go to ``tally``."""
        ...


@dataclass(frozen=True, slots=True)
class Result:
    """One load on one target. Times in milliseconds; ``cpu`` in seconds of the target's process."""

    target: str
    chats: int
    deltas: int
    lost: int
    disordered: int
    seconds: float
    frames: int
    bytes: int
    cpu: float
    added_p50: float
    added_p99: float
    first_p50: float
    first_p99: float


async def run(target: Target, work: Work) -> Result:
    """Put ``work`` on ``target`` and measure."""
    await target.prepare(work)
    gate = asyncio.Semaphore(20)
    chats = await asyncio.gather(*(_Chat.open(number, target, work, gate) for number in range(work.chats)))
    await asyncio.sleep(0.2)
    cpu, began = cpu_seconds(target.pid), time.monotonic()
    for chat in chats:
        chat.start()
    expected = work.deltas / work.rate if work.rate else 0
    await asyncio.wait([chat.done for chat in chats], timeout=expected + PATIENCE)
    seconds, cpu = time.monotonic() - began, cpu_seconds(target.pid) - cpu
    for chat in chats:
        chat.connection.close()
    return _result(target.name, [chat.tally for chat in chats], seconds=seconds, cpu=cpu)


class _Chat:
    connection: Connection

    def __init__(self, work: Work) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self.tally = Tally(work.deltas, finished=lambda: self.done.set_result(None))

    @classmethod
    async def open(cls, number: int, target: Target, work: Work, gate: asyncio.Semaphore) -> _Chat:
        chat = cls(work)
        async with gate:
            chat.connection = await target.connect(number, work, chat.tally)
        return chat

    def start(self) -> None:
        self.tally.start()
        self.connection.start()


def _result(name: str, tallies: Sequence[Tally], *, seconds: float, cpu: float) -> Result:
    delays = sorted(delay for tally in tallies for delay in tally.delays)
    firsts = sorted(tally.first_at - tally.started_at for tally in tallies if tally.received)
    return Result(
        target=name,
        chats=len(tallies),
        deltas=len(delays),
        lost=sum(tally.lost for tally in tallies),
        disordered=sum(tally.disordered for tally in tallies),
        seconds=round(seconds, 2),
        frames=sum(tally.frames for tally in tallies),
        bytes=sum(tally.bytes for tally in tallies),
        cpu=round(cpu, 3),
        added_p50=_quantile(delays, 50),
        added_p99=_quantile(delays, 99),
        first_p50=_quantile(firsts, 50),
        first_p99=_quantile(firsts, 99),
    )


def _quantile(ordered: Sequence[int], percent: int) -> float:
    """Microseconds in, milliseconds out."""
    if len(ordered) < 2:
        return round(ordered[0] / 1000, 2) if ordered else 0.0
    return round(statistics.quantiles(ordered, n=100)[percent - 1] / 1000, 2)


# --- Ways to connect ------------------------------------------------------------------------------------------


def post(path: str, given: Mapping[str, Any], *, headers: str = "") -> bytes:
    """An HTTP request with JSON; each of ``headers`` ends its line."""
    body = json.dumps(given)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def ask(model: str) -> bytes:
    """The HTTP request that starts a stream of the mock."""
    options = {"stream": True, "stream_options": {"include_usage": True}}
    return post("/v1/chat/completions", {"model": model, "messages": [], **options})


class EventReader(asyncio.Protocol):
    """A client of server-sent events. ``start`` sends ``request``; every event goes to ``heard``.

    The head and the framing of chunks stay before the events that follow them: servers put whole events into a chunk.
    """

    transport: asyncio.Transport

    def __init__(self, heard: Callable[[bytes], None], *, request: bytes) -> None:
        self._heard = heard
        self._request = request
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the server refused: {data.decode()}")
        *events, self._rest = (self._rest + data).split(b"\n\n")
        for event in events:
            self._heard(event)

    def start(self) -> None:
        self.transport.write(self._request)

    def close(self) -> None:
        self.transport.close()


async def open_events(port: int, heard: Callable[[bytes], None], *, request: bytes) -> EventReader:
    """A connected ``EventReader``."""
    loop = asyncio.get_running_loop()
    _, reader = await loop.create_connection(lambda: EventReader(heard, request=request), "127.0.0.1", port)
    return reader


class Socket(WSListener):
    """A websocket. ``start`` sends ``first``; every frame goes to ``heard``."""

    def __init__(self, heard: Callable[[bytes], None], *, first: str) -> None:
        self._heard = heard
        self._first = first
        self._transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self._heard(frame.get_payload_as_bytes())

    @property
    def transport(self) -> WSTransport:
        assert self._transport is not None
        return self._transport

    def start(self) -> None:
        self.send(self._first)

    def send(self, text: str) -> None:
        self.transport.send(WSMsgType.TEXT, text.encode())

    def stop_reading(self) -> None:
        """From now on, take nothing from the network."""
        self.transport.underlying_transport.pause_reading()

    def close(self) -> None:
        self.transport.disconnect()


async def open_socket(
    url: str,
    heard: Callable[[bytes], None],
    *,
    first: str,
    headers: dict[str, str] | None = None,
    buffer: int | None = None,
) -> Socket:
    """A connected ``Socket``. ``buffer`` is what the kernel shall keep of what we have not read, in bytes."""

    def unconnected(_: WSParsedURL) -> socket.socket:
        made = socket.socket()
        made.setblocking(False)
        if buffer is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        return made

    _, listener = await ws_connect(
        lambda: Socket(heard, first=first),
        url,
        extra_headers=headers,
        websocket_handshake_timeout=PATIENCE,
        socket_factory=unconnected,
    )
    assert isinstance(listener, Socket)
    return listener
