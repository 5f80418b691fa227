"""Watches a session that is awake: what it uses, and for how long."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from chat.sandbox.sessions import folders
from chat.sandbox.sessions.process import SessionProcess
from chat.sandbox.values import MB, Limits

EVERY_SECONDS = 0.2
_DYING_SECONDS = 0.5
_MEMORY = ("RssAnon", "RssShmem", "VmSwap")


class Watchdog:
    """Compares a session with its limits. ``folder`` has its files; None in namespaces: the kernel counts them."""

    def __init__(self, process: SessionProcess, limits: Limits, *, folder: Path | None) -> None:
        self._process, self._limits, self._folder = process, limits, folder
        self._next = 0.0

    def memory(self) -> int:
        """Return bytes, with those swapped out and those shared with the zygote. 0 if unknown, or when it has ended."""
        return _memory(self._status())

    def breach(self) -> str:
        """Return the limit that is exceeded, in words, or nothing; checks only every now and then."""
        began = time.monotonic()
        if began < self._next:
            return ""
        breach = self._memory_or_threads() or self._files()
        now = time.monotonic()
        # Counting files may take long.
        self._next = now + max(EVERY_SECONDS, 10 * (now - began))
        return breach

    def _memory_or_threads(self) -> str:
        status = self._status()
        if status.get("State") == "Z" and not self._process.ends(within=_DYING_SECONDS):
            # The kernel does not tell how much such a process uses.
            return "Its main thread ended, and others went on."
        if _memory(status) > self._limits.memory:
            return f"It used more than {self._limits.memory // MB} MB of memory."
        if int(status.get("Threads", 0)) > self._limits.threads:
            return f"It started more than {self._limits.threads} threads."
        return ""

    def _files(self) -> str:
        if self._folder is None:
            return ""
        use = folders.measure(self._folder, at_most=self._limits.files)
        if use.count > self._limits.files or use.depth > folders.MAX_DEPTH:
            return (
                f"It made more than {self._limits.files} files, or folders nested more than {folders.MAX_DEPTH} deep."
            )
        if use.is_hidden:
            return "It made a folder that cannot be looked into."
        if use.size + folders.deleted_size(self._process.pid) > self._limits.disk + self._limits.scratch:
            return f"It wrote more than {self._limits.disk // MB} MB of files."
        return ""

    def _status(self) -> dict[str, str]:
        """Return the first word of each field in ``/proc/…/status``, sizes in kilobytes. Empty when it has ended."""
        with suppress(OSError):
            lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
            return {name: (rest.split() or [""])[0] for name, _, rest in (line.partition(":") for line in lines)}
        return {}


def _memory(status: dict[str, str]) -> int:
    return sum(int(status.get(name, 0)) for name in _MEMORY) * 1024


@dataclass(slots=True)
class Deadline:
    """The time of a request: ``seconds``, or until ``stop`` is set. Then it is interrupted, and after a grace ended."""

    seconds: float
    grace: float = 3.0
    stop: threading.Event | None = None
    stop_grace: float = 0.5
    _began_at: float = field(default_factory=time.monotonic)
    _interrupted_at: float = 0.0
    _reminded: bool = False
    _was_stopped: bool = False

    def next_step(self) -> Literal["wait", "interrupt", "end"]:
        """Return what to do with the request now."""
        now = time.monotonic()
        if not self._interrupted_at:
            self._was_stopped = self.stop is not None and self.stop.is_set()
            if not self._was_stopped and now - self._began_at < self.seconds:
                return "wait"
            self._interrupted_at = now
            return "interrupt"
        return self._step_after(now - self._interrupted_at)

    def _step_after(self, late: float) -> Literal["wait", "interrupt", "end"]:
        if self.stop is not None and self.stop.is_set() and not self._was_stopped:
            self._was_stopped, self._interrupted_at = True, time.monotonic()
            return "interrupt"
        grace = self.stop_grace if self._was_stopped else self.grace
        if late >= grace:
            return "end"
        # The first interrupt may have come before the cell began.
        if late >= grace / 2 and not self._reminded:
            self._reminded = True
            return "interrupt"
        return "wait"

    @property
    def elapsed(self) -> float:
        """Return the seconds since the request."""
        return time.monotonic() - self._began_at

    @property
    def has_run_out(self) -> bool:
        """True if the request was interrupted for its time, and not because it was stopped."""
        return bool(self._interrupted_at) and not self._was_stopped

    @property
    def reason(self) -> str:
        """Return the reason for ending the request, in words."""
        if self._was_stopped:
            return "It was stopped, and did not end by itself."
        return f"It ran longer than {self.seconds:g} seconds, and did not end when it was interrupted."
