"""Deltas that say who they are: each text carries its number and when it was made.

``~3.1f4a2b~ tok `` is delta 3, made at 0x1f4a2b microseconds of the machine's monotonic clock. Frames may merge deltas;
every one of them is still counted, put in order and timed.
"""

from __future__ import annotations

import re
import time
from array import array
from collections.abc import Callable

_STAMP = re.compile(rb"~([0-9a-f]+)\.([0-9a-f]+)~")


def now() -> int:
    """Microseconds on the clock that all processes of the machine share."""
    return time.monotonic_ns() // 1000


def stamp(number: int) -> bytes:
    """The text of delta ``number``, made now."""
    return b"~%x.%x~ tok " % (number, now())


def count(text: str) -> int:
    """How many whole deltas a stored text holds."""
    return len(_STAMP.findall(text.encode()))


class Tally:
    """What one chat received of its ``expected`` deltas. ``finished`` is called once, with the last of them."""

    def __init__(self, expected: int, *, finished: Callable[[], None]) -> None:
        self.expected = expected
        self.received = self.disordered = self.frames = self.bytes = 0
        self.delays = array("q")  # microseconds from making to arrival, for each delta
        self.started_at = self.first_at = self.last_at = 0
        self._finished = finished

    def start(self) -> None:
        """The answer was asked for."""
        self.started_at = now()

    def feed(self, frame: bytes, *, repeats: bool = False) -> None:
        """Take a frame, or whatever holds whole deltas; ``repeats``: it tells again what came before."""
        arrived = now()
        self.frames += 1
        self.bytes += len(frame)
        for number, made in _STAMP.findall(frame):
            if repeats and int(number, 16) < self.received:
                continue
            self.disordered += int(number, 16) != self.received
            self.received += 1
            self.first_at = self.first_at or arrived
            self.last_at = arrived
            self.delays.append(arrived - int(made, 16))
            if self.received == self.expected:
                self._finished()

    @property
    def lost(self) -> int:
        return self.expected - self.received
