"""A lock that the urgent get first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class PriorityLock:
    """Held by one thread at a time. While an urgent one waits, no other gets it."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._is_held = False
        self._urgent = 0

    @contextmanager
    def held(self, *, urgent: bool) -> Iterator[None]:
        """Wait for the lock, and hold it."""
        with self._changed:
            self._urgent += urgent
            try:
                self._changed.wait_for(lambda: not self._is_held and (urgent or not self._urgent))
                self._is_held = True
            finally:
                self._urgent -= urgent
        try:
            yield
        finally:
            with self._changed:
                self._is_held = False
                self._changed.notify_all()
