"""What a cell printed, of which the first half and the last are kept."""

from __future__ import annotations


class Logs:
    """``limit``: how many bytes are kept. ``total``: how many there were."""

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
        """True if what comes next would continue a line."""
        last = self._tail or self._head
        return bool(last) and not last.endswith(b"\n")

    def __str__(self) -> str:
        """Whatever bytes they were, it can be stored and shown."""
        cut = self.total - len(self._head) - len(self._tail)
        if not cut:
            return _text(self._head + self._tail)
        return f"{_text(self._head)}\n… {cut:,} bytes are left out here …\n{_text(self._tail)}"


def _text(data: bytearray) -> str:
    return data.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
