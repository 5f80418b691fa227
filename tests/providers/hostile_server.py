"""A model's server that misbehaves: what it sends in a case goes to the network as it is."""

from __future__ import annotations

import asyncio
import itertools
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from chat.errors import ProviderError, RateLimited, Unreachable
from tests.providers.openai.upstream import DONE, chunk, data

MEGABYTE = 1024 * 1024
SILENCE = 2.0  # seconds that the provider of these tests waits for the next bytes


@dataclass(frozen=True)
class Answered:
    """The answer is mended: ``text``, ``calls`` with name and arguments, and why it ended."""

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    reason: str = "stop"


@dataclass(frozen=True)
class Refused:
    """The answer is refused with an error of ``kind`` whose message has ``words``."""

    kind: type[ProviderError]
    words: str


Blocks = Iterable[bytes | float | None]
"""Bytes to send, seconds to wait, None to wait until the client leaves."""


@dataclass(frozen=True)
class Case:
    name: str
    blocks: Callable[[], Blocks]
    outcome: Answered | Refused


BROKEN = Refused(Unreachable, "before the answer was complete")
NO_COMPLETION = Refused(ProviderError, "not a chat completion")
NO_API = Refused(ProviderError, "often ends in /v1")
TOO_MUCH = Refused(ProviderError, "more in one piece")
UNREADABLE_CALL = Refused(ProviderError, "tool call that cannot be read")
UNREADABLE_TEXT = Refused(ProviderError, "text cannot be read")
OWN = Refused(ProviderError, "did not accept")
SLOW = Refused(RateLimited, "limits how often")
OWN_PROBLEM = Refused(ProviderError, "a problem of its own")
REDIRECTED = Refused(ProviderError, "sends requests on to another address")
HI = Answered("Hi")

END = data(chunk(finish="stop")) + DONE
GOOD = data(chunk("Hi")) + END


def head(status: str = "200 OK", kind: str = "text/event-stream", **headers: str) -> bytes:
    """The head of a response that ends with its connection."""
    named = {"Content-Type": kind, "Connection": "close"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1")


def case(name: str, outcome: Answered | Refused, *blocks: bytes | float | None, top: bytes = head()) -> Case:
    return Case(name, lambda: (top, *blocks), outcome)


def said(name: str, outcome: Answered | Refused, *chunks: Any) -> Case:
    """A stream of these chunks, then the end of an answer."""
    return case(name, outcome, data(*chunks, chunk(finish="stop")) + DONE)


def each(name: str, outcome: Answered | Refused, chunks: Callable[[Any], list[Any]], *values: Any) -> list[Case]:
    """A stream for each of the values, with the value in its place."""
    return [said(f"{name}: {value!r:.60}", outcome, *chunks(value)) for value in values]


def called(name: str, outcome: Answered | Refused, *deltas: Any) -> Case:
    """A stream with these ``tool_calls``, then the end of an answer."""
    return case(name, outcome, data(*(chunk(tool_calls=delta) for delta in deltas), chunk(finish="tool_calls")) + DONE)


def whole(name: str, outcome: Answered | Refused, body: Any, *, kind: str = "application/json") -> Case:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return case(name, outcome, sent, top=head(kind=kind))


def refusal(
    name: str,
    outcome: Answered | Refused,
    status: str,
    body: Any = b"",
    *,
    kind: str = "application/json",
    **headers: str,
) -> Case:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return case(name, outcome, sent, top=head(status, kind, **headers))


def function(**fields: Any) -> dict[str, Any]:
    return {"index": 0, "id": "call_a", "type": "function", "function": {"name": "now", "arguments": "{}", **fields}}


def raw_chunk(content: bytes) -> bytes:
    """A chunk whose content is these bytes of JSON, whatever they are."""
    return b'data: {"choices":[{"index":0,"delta":{"content":' + content + b"}}]}\n\n"


def with_field(**fields: Any) -> dict[str, Any]:
    """A chunk with something else in the place of one of its fields."""
    return {**chunk("Hi"), **fields}


def with_choice(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None, **fields}]}


def endless(top: bytes, block: bytes) -> Callable[[], Blocks]:
    return lambda: itertools.chain([top], itertools.repeat(block))


def endless_gzip(top: bytes, block: bytes) -> Callable[[], Blocks]:
    def blocks() -> Iterator[bytes]:
        packer = zlib.compressobj(wbits=31)
        # After a full flush, a packed block says the same wherever it stands.
        yield top + packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
        yield from itertools.repeat(packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH))

    return blocks


class HostileServer:
    """Answers each request as the one of ``cases`` whose name is the user's last message."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self.cases = {each.name: each for each in cases}

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            top = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(top.partition("content-length:")[2].split()[0])
            body = json.loads(await reader.readexactly(length))
            asked = [message["content"] for message in body["messages"] if message["role"] == "user"]
            await self._send(self.cases[asked[-1]], reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has had enough
        finally:
            writer.close()

    async def _send(self, chosen: Case, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for block in chosen.blocks():
            if block is None:
                await reader.read()
            elif isinstance(block, float):
                await asyncio.sleep(block)
            else:
                writer.write(block)
                await writer.drain()
                await asyncio.sleep(0)  # the client is in the same loop
