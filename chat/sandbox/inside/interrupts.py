"""When a cell may be interrupted, and when not."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


class Interrupts:
    """SIGINT raises ``KeyboardInterrupt`` while a cell runs. At other times it means nothing."""

    def __init__(self) -> None:
        self._running = self._held = self._missed = False

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """A cell runs in here."""
        signal.signal(signal.SIGINT, self._interrupt)  # each time: the last cell may have changed it
        self._missed = False
        self._running = True
        try:
            yield
        finally:
            self._running = False
            for timer in TIMERS:
                signal.setitimer(timer, 0)  # an alarm of the cell must not go off between cells

    @contextmanager
    def held(self) -> Iterator[None]:
        """What is done in here is done whole: half a frame would end the session."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread is interrupted
            return
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._missed:
            self._missed = False
            raise KeyboardInterrupt

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if not self._running:
            return
        if self._held:
            self._missed = True
        else:
            raise KeyboardInterrupt
