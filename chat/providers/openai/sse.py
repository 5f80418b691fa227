"""Server-sent events: blocks of bytes in, the events' data out."""

from __future__ import annotations

from chat.errors import ProviderError

# One event of a chat completion is a few hundred bytes; a tool call sent whole can reach some hundred kB.
MAX_EVENT_BYTES = 4 * 1024 * 1024


class EventSplitter:
    """Cuts a ``text/event-stream`` into the ``data`` of its events, wherever the network cut it.

    Lines end in LF or CRLF (no server sends bare CR). Comments and other fields than ``data`` are passed over.
    """

    __slots__ = ("_data", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, block: bytes) -> list[bytes]:
        """The data of each event that ``block`` completes. Raises ``ProviderError`` when one grows without end."""
        lines = (self._rest + block).split(b"\n")
        self._rest = _bounded(lines.pop())
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:].strip())
            elif self._data and line in (b"", b"\r"):
                events.append(self._take())
        return events

    def finish(self) -> list[bytes]:
        """What is left when the stream ends without the blank line that closes the last event."""
        if self._rest.startswith(b"data:"):
            self._data.append(self._rest[5:].strip())
        self._rest = b""
        return [self._take()] if self._data else []

    def _take(self) -> bytes:
        data = b"\n".join(self._data)
        self._data.clear()
        return data


class WholeBody:
    """The same for a server that answers with one JSON body although it was asked to stream."""

    __slots__ = ("_body",)

    def __init__(self) -> None:
        self._body = b""

    def feed(self, block: bytes) -> list[bytes]:
        """Nothing yet. Raises ``ProviderError`` when the body grows without end."""
        self._body = _bounded(self._body + block)
        return []

    def finish(self) -> list[bytes]:
        """The body."""
        return [self._body]


def _bounded(waiting: bytes) -> bytes:
    if len(waiting) > MAX_EVENT_BYTES:
        raise ProviderError("The model's server sent more in one piece than Everthread accepts.")
    return waiting
