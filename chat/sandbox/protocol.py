"""The sockets between server, broker and session, and the frames on them: two lengths, a JSON header, raw bytes.

``>II`` are the lengths of header and body. What comes from a session is hostile: both are bounded, and a header is an
object or nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MAX_HEADER = 1 << 20  # bytes
MAX_BODY = 4 << 20  # bytes
CHUNK = 1 << 20  # bytes of a file in one frame
MAX_ADDRESS = 107  # bytes: the kernel's ``sun_path`` has 108 with the NUL

Header = dict[str, Any]
_LENGTHS = struct.Struct(">II")


class BadFrame(ValueError):
    """Not a frame, or one over the bounds."""


@contextmanager
def address(path: Path) -> Iterator[str]:
    """Yield what to bind or connect to for the socket at ``path``, however long that path is."""
    if len(os.fsencode(path)) <= MAX_ADDRESS:
        yield str(path)
        return
    # Data folders may lie deep: a long path is reached through its open folder.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def packed(header: Header, body: bytes = b"") -> bytes:
    head = json.dumps(header, separators=(",", ":")).encode()
    if len(head) > MAX_HEADER or len(body) > MAX_BODY:
        raise BadFrame("the frame is too large")
    return _LENGTHS.pack(len(head), len(body)) + head + body


def send(connection: socket.socket, header: Header, body: bytes = b"") -> None:
    connection.sendall(packed(header, body))


def receive(connection: socket.socket) -> tuple[Header, bytes]:
    """Raises ``EOFError`` when the other side is gone, ``BadFrame``, and ``OSError`` (``TimeoutError``)."""
    head, body = _lengths(_exactly(connection, _LENGTHS.size))
    return _header(_exactly(connection, head)), _exactly(connection, body)


def take(buffer: bytearray) -> tuple[Header, bytes] | None:
    """The frame that ``buffer`` begins with, taken off it; None while it is not whole. Raises ``BadFrame``."""
    if len(buffer) < _LENGTHS.size:
        return None
    head, body = _lengths(bytes(buffer[: _LENGTHS.size]))
    start, end = _LENGTHS.size + head, _LENGTHS.size + head + body
    if len(buffer) < end:
        return None
    frame = _header(bytes(buffer[_LENGTHS.size : start])), bytes(buffer[start:end])
    del buffer[:end]
    return frame


async def read(reader: asyncio.StreamReader) -> tuple[Header, bytes]:
    """As ``receive``; ``asyncio.IncompleteReadError`` is an ``EOFError``."""
    head, body = _lengths(await reader.readexactly(_LENGTHS.size))
    return _header(await reader.readexactly(head)), await reader.readexactly(body)


def _lengths(packed: bytes) -> tuple[int, int]:
    head, body = _LENGTHS.unpack(packed)
    if head > MAX_HEADER or body > MAX_BODY:
        raise BadFrame("the frame is too large")
    return head, body


def _header(raw: bytes) -> Header:
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise BadFrame("the header is not an object")
    return header


def _exactly(connection: socket.socket, size: int) -> bytes:
    buffer = bytearray()
    while len(buffer) < size:
        part = connection.recv(min(1 << 16, size - len(buffer)))
        if not part:
            raise EOFError("the connection ended")
        buffer += part
    return bytes(buffer)
