"""Frames to and from a session that may send half of one, or never read: nothing here waits."""

from __future__ import annotations

import socket

from chat.sandbox.protocol import Header, packed, take

_PART = 1 << 18  # bytes read or written at a time
Frame = tuple[Header, bytes]


class Wire:
    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._incoming = bytearray()
        self._outgoing = memoryview(b"")

    @property
    def has_more_to_send(self) -> bool:
        return bool(self._outgoing)

    def put(self, header: Header, body: bytes) -> None:
        """Raises ``BadFrame`` for one that is too large."""
        self._outgoing = memoryview(packed(header, body))

    def push(self) -> None:
        """Send what goes. Raises ``OSError`` when the other side is gone."""
        try:
            while self._outgoing:
                self._outgoing = self._outgoing[self._connection.send(self._outgoing[:_PART]) :]
        except BlockingIOError:
            return

    def pull(self) -> list[Frame]:
        """Frames that are whole. Raises ``EOFError``, ``BadFrame`` and ``OSError``."""
        try:
            part = self._connection.recv(_PART)
        except BlockingIOError:
            return []
        if not part:
            raise EOFError
        self._incoming += part
        frames = []
        while frame := take(self._incoming):
            frames.append(frame)
        return frames

    def close(self) -> None:
        self._connection.close()
