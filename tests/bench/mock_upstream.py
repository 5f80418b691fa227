"""A model's server without a model: streams stamped deltas as fast as it is told.

    python -m tests.bench.mock_upstream --port 20100

``POST /v1/chat/completions`` with the model ``mock-N-R-P`` streams N deltas, R a second (0: as fast as they are taken),
each longer by P bytes than its stamp. ``GET /v1/models`` lists two models. ``GET /stats`` says how many streams were
asked for, are open, and were left before their end, and when the last one was left (microseconds, monotonic). Plain
``asyncio.Protocol``: some 20 µs a delta.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from typing import Any

from tests.bench.stamps import now, stamp

_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
)
_START = (
    b'data: {"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1790000000,"model":"mock",'
    b'"system_fingerprint":"fp_mock","choices":[{"index":0,"delta":'
)
_ROLE = _START + b'{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}\n\n'
_STOP = _START + b'{},"logprobs":null,"finish_reason":"stop"}]}\n\n'
_USAGE = (
    b'data: {"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1790000000,"model":"mock","choices":[],'
    b'"usage":{"prompt_tokens":10,"completion_tokens":%d,"total_tokens":%d}}\n\ndata: [DONE]\n\n'
)
STATS = {"requests": 0, "open": 0, "deltas": 0, "left": 0, "left_at": 0}


def _chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Connection(asyncio.Protocol):
    """One client, one request at a time."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting = b""
        self._stream: Stream | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._stream:
            self._stream.leave()

    def pause_writing(self) -> None:
        if self._stream:
            self._stream.paused = True

    def resume_writing(self) -> None:
        if self._stream:
            self._stream.resume()

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        head, found, rest = self._waiting.partition(b"\r\n\r\n")
        if not found:
            return
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        if len(rest) >= length:
            self._waiting = rest[length:]
            self._answer(head.split(b" ", 2)[1], rest[:length])

    def _answer(self, path: bytes, body: bytes) -> None:
        if path.endswith(b"/chat/completions"):
            request = json.loads(body)
            count, rate, padding = (int(part) for part in request["model"].split("-")[1:])
            self.transport.write(_HEAD + _chunked(_ROLE))
            self._stream = Stream(self.transport, count, rate, padding)
        elif path.endswith(b"/models"):
            self._json(
                {
                    "object": "list",
                    "data": [{"id": name, "object": "model"} for name in ("mock-100-50-0", "mock-20-0-0")],
                }
            )
        else:
            self._json(STATS)

    def _json(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self.transport.write(head + body)


class Stream:
    """``count`` deltas, ``rate`` a second, on their own clock: a late one does not delay the next."""

    def __init__(self, transport: asyncio.Transport, count: int, rate: int, padding: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._count = count
        self._sent = 0
        self._padding = b"x" * padding
        self._interval = 1 / rate if rate else 0.0
        # Streams that start together do not tick together.
        self._due = self._loop.time() + random.random() * self._interval
        self._timer: asyncio.TimerHandle | None = self._loop.call_at(self._due, self._tick)
        self._is_open = True
        self.paused = False
        STATS["requests"] += 1
        STATS["open"] += 1

    def resume(self) -> None:
        self.paused = False
        if self._is_open and self._timer is None:
            self._due = self._loop.time()
            self._tick()

    def leave(self) -> None:
        """The client is gone."""
        if self._timer:
            self._timer.cancel()
        if self._is_open:
            self._is_open = False
            STATS["open"] -= 1
            STATS["left"] += 1
            STATS["left_at"] = now()

    def _tick(self) -> None:
        self._timer = None
        if self.paused or not self._is_open:
            return
        if self._sent == self._count:
            self._is_open = False
            STATS["open"] -= 1
            self._transport.write(_chunked(_STOP + _USAGE % (self._count, self._count + 10)) + b"0\r\n\r\n")
            return
        text = stamp(self._sent) + self._padding
        delta = b'{"content":"%s"},"logprobs":null,"finish_reason":null}]}\n\n' % text
        self._transport.write(_chunked(_START + delta))
        self._sent += 1
        STATS["deltas"] += 1
        self._due += self._interval
        self._timer = self._loop.call_at(self._due, self._tick)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args().port))
