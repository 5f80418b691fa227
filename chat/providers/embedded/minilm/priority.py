"""A lock that urgent threads get first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class PriorityLock:
    """One thread has it at a time. While an urgent one waits, no other gets it."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._is_locked = False
        self._urgent = 0

    @contextmanager
    def acquire(self, *, urgent: bool) -> Iterator[None]:
        """Wait for the lock and keep it within the context."""
        with self._changed:
            self._urgent += urgent
            try:
                self._changed.wait_for(lambda: not self._is_locked and (urgent or not self._urgent))
                self._is_locked = True
            finally:
                self._urgent -= urgent
        try:
            yield
        finally:
            with self._changed:
                self._is_locked = False
                self._changed.notify_all()
