"""The values that pass between the engine, the broker and a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tier = Literal["ns", "landlock"]
Status = Literal["ok", "error", "interrupted", "died"]

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one session. Sizes are in bytes, times in seconds."""

    memory: int = 2048 * MB
    disk: int = 512 * MB
    files: int = 16_384
    scratch: int = 128 * MB  # of /tmp
    threads: int = 128
    seconds: float = 60.0  # of one cell
    logs: int = MB  # kept of what one cell prints: the first half and the last
    flood: int = 256 * MB  # a cell that prints more is ended
    images: int = 20  # of one cell


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file in ``/mnt/data``: ``name`` is its path from there, ``modified`` in nanoseconds since 1970."""

    name: str
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a cell.

    ``logs``: its output, the value of a last expression, and the traceback. ``images``: PNGs, in order. ``reason``
    says why the session ``died``, else it is empty. A session that died has lost its variables and files.
    """

    status: Status
    logs: str
    images: tuple[bytes, ...]
    reason: str
    seconds: float
