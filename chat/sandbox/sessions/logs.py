"""Keeps the beginning and the end of a cell's output."""

from __future__ import annotations


class Logs:
    """Keeps ``limit`` bytes: the first half and the last. ``total`` counts all."""

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._head, self._tail = bytearray(), bytearray()
        self.total = 0

    def add(self, data: bytes) -> None:
        self.total += len(data)
        room = max(0, self._half - len(self._head))
        self._head += data[:room]
        self._tail += data[room:]
        del self._tail[: -self._half]

    @property
    def is_within_line(self) -> bool:
        """True if the output ends in the middle of a line."""
        last = self._tail or self._head
        return bool(last) and not last.endswith(b"\n")

    def __str__(self) -> str:
        """Return text that can be stored and shown, whatever the bytes were."""
        cut = self.total - len(self._head) - len(self._tail)
        if not cut:
            return _text(self._head + self._tail)
        return f"{_text(self._head)}\n… {cut:,} bytes are left out here …\n{_text(self._tail)}"


def _text(data: bytearray) -> str:
    return data.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
