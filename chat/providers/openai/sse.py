"""Parses server-sent events: blocks of bytes in, the data of events out."""

from __future__ import annotations

from chat.errors import ProviderError

# One event of a chat completion is a few hundred bytes; a tool call sent whole can reach some hundred kB.
MAX_EVENT_BYTES = 4 * 1024 * 1024


class EventSplitter:
    """Cuts a ``text/event-stream`` into the ``data`` of its events, wherever the network cut it.

    Lines end in LF or CRLF (no server sends bare CR). Comments and other fields than ``data`` are skipped.
    """

    __slots__ = ("_data", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, block: bytes) -> list[bytes]:
        """Return the data of each event that ``block`` completes. Raise ``ProviderError`` for one that is too long."""
        lines = (self._rest + block).split(b"\n")
        self._rest = _check_size(lines.pop())
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:].strip())
            elif self._data and line in (b"", b"\r"):
                events.append(self._pop_event())
        return events

    def finish(self) -> list[bytes]:
        """Return the last event when the stream ends without the blank line that closes it."""
        if self._rest.startswith(b"data:"):
            self._data.append(self._rest[5:].strip())
        self._rest = b""
        return [self._pop_event()] if self._data else []

    def _pop_event(self) -> bytes:
        data = b"\n".join(self._data)
        self._data.clear()
        return data


class WholeBody:
    """Stands in for ``EventSplitter`` where a server answers with one JSON body although it was asked to stream."""

    __slots__ = ("_body",)

    def __init__(self) -> None:
        self._body = b""

    def feed(self, block: bytes) -> list[bytes]:
        """Return nothing yet. Raise ``ProviderError`` when the body is too long."""
        self._body = _check_size(self._body + block)
        return []

    def finish(self) -> list[bytes]:
        """Return the whole body."""
        return [self._body]


def _check_size(data: bytes) -> bytes:
    if len(data) > MAX_EVENT_BYTES:
        raise ProviderError("The model's server sent more in one piece than Everthread accepts.")
    return data
