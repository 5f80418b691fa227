"""Frames to and from a session, without blocking: it may send half of one, or never read."""

from __future__ import annotations

import socket

from chat.sandbox.protocol import Header, encode, pop_frame

_PART = 1 << 18  # bytes read or written at a time
Frame = tuple[Header, bytes]


class FrameStream:
    """A control socket that never blocks."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._incoming = bytearray()
        self._outgoing = memoryview(b"")

    @property
    def has_more_to_send(self) -> bool:
        return bool(self._outgoing)

    def queue(self, header: Header, body: bytes) -> None:
        """Set the frame to send next. Raise ``BadFrame`` for one that is too large."""
        self._outgoing = memoryview(encode(header, body))

    def send(self) -> None:
        """Send as much as the socket takes. Raise ``OSError`` when the other side is gone."""
        try:
            while self._outgoing:
                self._outgoing = self._outgoing[self._connection.send(self._outgoing[:_PART]) :]
        except BlockingIOError:
            return

    def receive(self) -> list[Frame]:
        """Return the frames that are whole. Raise ``EOFError``, ``BadFrame`` or ``OSError``."""
        try:
            part = self._connection.recv(_PART)
        except BlockingIOError:
            return []
        if not part:
            raise EOFError
        self._incoming += part
        frames = []
        while frame := pop_frame(self._incoming):
            frames.append(frame)
        return frames

    def close(self) -> None:
        self._connection.close()
