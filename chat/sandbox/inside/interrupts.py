"""Interrupts a cell, but not our own code around it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


class Interrupts:
    """Has SIGINT raise ``KeyboardInterrupt`` while a cell runs. At other times it does nothing."""

    def __init__(self) -> None:
        self._running = self._postponed = self._missed = False

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Allow interrupts within the context, in which a cell runs."""
        # Each time: the last cell may have changed it.
        signal.signal(signal.SIGINT, self._interrupt)
        self._missed = False
        self._running = True
        try:
            yield
        finally:
            self._running = False
            for timer in TIMERS:
                # An alarm of the cell must not go off between cells.
                signal.setitimer(timer, 0)

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """Raise an interrupt only at the end of the context: half a frame would end the session."""
        if threading.current_thread() is not threading.main_thread():
            # Only the main thread is interrupted.
            yield
            return
        self._postponed = True
        try:
            yield
        finally:
            self._postponed = False
        if self._missed:
            self._missed = False
            raise KeyboardInterrupt

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if not self._running:
            return
        if self._postponed:
            self._missed = True
        else:
            raise KeyboardInterrupt
