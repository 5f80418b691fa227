"""Pieces of text, gathered so that at most one goes out in a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Throttle:
    """``publish`` gets the first piece at once, later ones joined, at least ``window`` seconds apart."""

    def __init__(self, publish: Callable[[str], None], *, window: float) -> None:
        self.publish, self.window = publish, window
        self.published_at = 0.0  # by the loop's clock
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, piece: str) -> None:
        self._waiting.append(piece)
        due = self.published_at + self.window - asyncio.get_running_loop().time()
        if due <= 0:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(due, self.flush)

    def flush(self) -> None:
        """Publish what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            piece, self._waiting = "".join(self._waiting), []
            self.publish(piece)
