"""Parses server-sent events: blocks of bytes in, the data of events out."""

from __future__ import annotations

from chat.errors import ProviderError

# One event of a chat completion is a few hundred bytes; a tool call sent whole can reach some hundred kB.
MAX_EVENT_BYTES = 4 * 1024 * 1024
NO_COMPLETION = "The model's server sent something that is not a chat completion."
_FIELDS = (b"data", b"event", b"id", b"retry", b":")  # names of fields, and a comment


class EventSplitter:
    """Cuts a ``text/event-stream`` into the ``data`` of its events, wherever the network cut it.

    Lines end in LF, CRLF or CR. Comments, other fields than ``data`` and events without data are skipped.
    """

    __slots__ = ("_after_cr", "_data", "_has_events", "_has_other_lines", "_rest", "_size")

    def __init__(self) -> None:
        self._rest: list[bytes] = []  # of a line that has not ended
        self._data: list[bytes] = []  # lines of an event that has not ended
        self._size = 0  # of both, in bytes
        self._after_cr = self._has_events = self._has_other_lines = False

    def feed(self, block: bytes) -> list[bytes]:
        """Return the data of each event that ``block`` completes. Raise ``ProviderError`` for one that is too long."""
        if b"\r" in block or self._after_cr:
            block = self._with_line_feeds(block)
        lines = block.split(b"\n")
        if self._rest and len(lines) > 1:
            self._size -= sum(map(len, self._rest))
            lines[0] = b"".join([*self._rest, lines[0]])
            self._rest.clear()
        if rest := lines.pop():
            self._rest.append(rest)
            self._size += len(rest)
        events = self._events_in(lines)
        _check_size(self._size)
        return events

    def finish(self) -> list[bytes]:
        """Return the last event when the stream ends without the blank line that closes it.

        Raise ``ProviderError`` if it had lines, but none of an event.
        """
        events = self._events_in([b"".join(self._rest), b""])
        self._rest.clear()
        if self._has_other_lines and not self._has_events:
            raise ProviderError(NO_COMPLETION)
        return events

    def _with_line_feeds(self, block: bytes) -> bytes:
        if self._after_cr and block.startswith(b"\n"):
            block = block[1:]
        self._after_cr = block.endswith(b"\r")
        return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _events_in(self, lines: list[bytes]) -> list[bytes]:
        """Return the data of each event that ends in ``lines``, which are whole."""
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:].strip())
                self._size += len(line)
            elif line:
                self._has_other_lines = self._has_other_lines or not line.startswith(_FIELDS)
            elif self._data:
                if event := b"\n".join(self._data):
                    events.append(event)
                self._data.clear()
                self._size = sum(map(len, self._rest))
        self._has_events = self._has_events or bool(events)
        return events


class WholeBody:
    """Stands in for ``EventSplitter`` where a server answers with one JSON body although it was asked to stream."""

    __slots__ = ("_body",)

    def __init__(self) -> None:
        self._body = bytearray()

    def feed(self, block: bytes) -> list[bytes]:
        """Return nothing yet. Raise ``ProviderError`` when the body is too long."""
        self._body += block
        _check_size(len(self._body))
        return []

    def finish(self) -> list[bytes]:
        """Return the whole body."""
        return [bytes(self._body)]


def _check_size(size: int) -> None:
    if size > MAX_EVENT_BYTES:
        raise ProviderError("The model's server sent more in one piece than Everthread accepts.")
