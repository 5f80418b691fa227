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


def encode(header: Header, body: bytes = b"") -> bytes:
    """Return the frame. Raise ``BadFrame`` for one over the bounds."""
    head = json.dumps(header, separators=(",", ":")).encode()
    if len(head) > MAX_HEADER or len(body) > MAX_BODY:
        raise BadFrame("the frame is too large")
    return _LENGTHS.pack(len(head), len(body)) + head + body


def send(connection: socket.socket, header: Header, body: bytes = b"") -> None:
    connection.sendall(encode(header, body))


def receive(connection: socket.socket) -> tuple[Header, bytes]:
    """Wait for a frame. Raise ``EOFError`` when the other side is gone, ``BadFrame``, or ``OSError``."""
    head, body = _decode_lengths(_receive_exactly(connection, _LENGTHS.size))
    return _decode_header(_receive_exactly(connection, head)), _receive_exactly(connection, body)


def pop_frame(buffer: bytearray) -> tuple[Header, bytes] | None:
    """Remove the frame that ``buffer`` begins with, and return it; None while it is not whole. Raise ``BadFrame``."""
    if len(buffer) < _LENGTHS.size:
        return None
    head, body = _decode_lengths(bytes(buffer[: _LENGTHS.size]))
    start, end = _LENGTHS.size + head, _LENGTHS.size + head + body
    if len(buffer) < end:
        return None
    frame = _decode_header(bytes(buffer[_LENGTHS.size : start])), bytes(buffer[start:end])
    del buffer[:end]
    return frame


async def read_frame(reader: asyncio.StreamReader) -> tuple[Header, bytes]:
    """Await a frame. Raise as ``receive`` does: ``asyncio.IncompleteReadError`` is an ``EOFError``."""
    head, body = _decode_lengths(await reader.readexactly(_LENGTHS.size))
    return _decode_header(await reader.readexactly(head)), await reader.readexactly(body)


def _decode_lengths(raw: bytes) -> tuple[int, int]:
    head, body = _LENGTHS.unpack(raw)
    if head > MAX_HEADER or body > MAX_BODY:
        raise BadFrame("the frame is too large")
    return head, body


def _decode_header(raw: bytes) -> Header:
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise BadFrame("the header is not an object")
    return header


def _receive_exactly(connection: socket.socket, size: int) -> bytes:
    buffer = bytearray()
    while len(buffer) < size:
        part = connection.recv(min(1 << 16, size - len(buffer)))
        if not part:
            raise EOFError("the connection ended")
        buffer += part
    return bytes(buffer)
