"""Parses server-sent events: blocks of bytes in, the data of events out."""

from __future__ import annotations

from chat.errors import ProviderError

# One event of a chat completion is a few hundred bytes; a tool call sent whole can reach some hundred kB.
MAX_EVENT_BYTES = 4 * 1024 * 1024
NO_COMPLETION = "The model's server sent something that is not a chat completion."
_FIELDS = (b"data", b"event", b"id", b"retry", b":")


class EventSplitter:
    """Cuts a ``text/event-stream`` into the ``data`` of its events, wherever the network cut it.

    Lines end in LF, CRLF or CR. Comments, other fields than ``data`` and events without data are skipped.
    """

    __slots__ = ("_after_cr", "_data", "_has_fields", "_has_lines", "_rest", "_size")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._size = 0  # of ``_data``, in bytes
        self._after_cr = self._has_fields = self._has_lines = False

    def feed(self, block: bytes) -> list[bytes]:
        """Return the data of each event that ``block`` completes. Raise ``ProviderError`` for one that is too long."""
        *lines, rest = self._with_line_feeds(block).split(b"\n")
        if lines:
            lines[0] = bytes(self._rest) + lines[0]
            self._rest.clear()
        self._rest += rest
        events = [event for line in lines if (event := self._add_line(line))]
        _check_size(self._size + len(self._rest))
        return events

    def finish(self) -> list[bytes]:
        """Return the last event when the stream ends without the blank line that closes it.

        Raise ``ProviderError`` if not one line was that of an event.
        """
        self._add_line(bytes(self._rest))
        self._rest.clear()
        if self._has_lines and not self._has_fields:
            raise ProviderError(NO_COMPLETION)
        return [event] if (event := self._pop_event()) else []

    def _with_line_feeds(self, block: bytes) -> bytes:
        if self._after_cr and block.startswith(b"\n"):
            block = block[1:]
        if b"\r" in block or self._after_cr:
            self._after_cr = block.endswith(b"\r")
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return block

    def _add_line(self, line: bytes) -> bytes:
        """Return the event that ``line`` closes, else nothing."""
        if not line:
            return self._pop_event()
        self._has_lines = True
        self._has_fields = self._has_fields or line.startswith(_FIELDS)
        if line.startswith(b"data:"):
            self._data.append(line[5:].strip())
            self._size += len(line)
        return b""

    def _pop_event(self) -> bytes:
        data = b"\n".join(self._data)
        self._data.clear()
        self._size = 0
        return data


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
