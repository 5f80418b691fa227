"""The options that a broker is started with, as one JSON object."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chat.sandbox.libraries import PRELOAD
from chat.sandbox.values import Limits, Tier


def cores() -> int:
    """Return how many cores this process may use, at least 2."""
    # With one, a long cell would keep everybody waiting.
    return max(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2)


def half_the_memory() -> int:
    """Return half the bytes of this machine, or of the container if that has less."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text().strip()).isdecimal():
        sizes.append(int(text))
    return min(sizes) // 2


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """``folder`` is the broker's own, for its lock and the sessions' files. Times are in seconds, sizes in bytes."""

    folder: Path
    socket: Path
    tier: Tier | None = None  # pinned; None: the best that works
    uids: tuple[int, int] | None = None  # first and last; one for each session when started as root
    callers: tuple[int, ...] = ()  # uids that may connect besides our own and root
    leashed: bool = False  # ends when its standard input does
    sessions: int = 50
    sessions_each: int = 5  # of one owner
    cells: int = field(default_factory=cores)  # at once
    cells_each: int = 1
    waiting: float = 300.0
    idle: float = 3600.0
    life: float = 6 * 3600.0
    warm: int = 2
    preload: tuple[str, ...] = PRELOAD  # modules that sessions begin with
    memory: int = field(default_factory=half_the_memory)  # of all sessions; above it idle ones are ended
    look: float = 5.0  # between two checks of all sessions
    limits: Limits = field(default_factory=Limits)

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> BrokerOptions:
        """Raise ``TypeError`` or ``ValueError`` for a text that ``to_json`` would not write."""
        fields: dict[str, Any] = json.loads(text)
        limits: Mapping[str, Any] = fields.pop("limits", {})
        folder, socket = Path(fields.pop("folder")), Path(fields.pop("socket"))
        uids, callers = fields.pop("uids", None), fields.pop("callers", ())
        preload = fields.pop("preload", PRELOAD)
        return cls(
            folder,
            socket,
            uids=(int(uids[0]), int(uids[1])) if uids else None,
            callers=tuple(callers),
            preload=tuple(preload),
            limits=Limits(**limits),
            **fields,
        )


def options_for(folder: Path, *, sessions: int, cells: int, **others: Any) -> BrokerOptions:
    """Return options under which one owner has at most a tenth of ``sessions``, but 5, and half of ``cells``, but 1."""
    each = {"sessions_each": min(sessions, max(5, sessions // 10)), "cells_each": max(1, cells // 2)}
    return BrokerOptions(folder, sessions=sessions, cells=cells, **{**each, **others})
