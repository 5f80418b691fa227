"""The lock on a file that shows a worker of this machine alive; the system releases it when the worker dies.

A heartbeat shows the same of workers on other machines, but only after a minute.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from pathlib import Path
from typing import TextIO


class Liveness:
    """A worker's name, and the lock in ``folder`` that shows it alive from ``open`` to ``close``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"{os.getpid()}-{secrets.token_hex(6)}"
        self.lock: TextIO | None = None

    @property
    def is_open(self) -> bool:
        return self.lock is not None

    def open(self) -> None:
        """Take the lock. Raise ``OSError`` if the folder cannot be written to."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = open(self.folder / self.name, "w")  # noqa: SIM115 -- open as long as the worker lives
        fcntl.flock(lock, fcntl.LOCK_EX)
        self.lock = lock

    def is_dead(self, name: str) -> bool:
        """Return True if the worker ``name`` ran on this machine and died; False if it is alive or elsewhere."""
        return _is_locked(self.folder / name) is False

    def sweep(self) -> None:
        """Remove the files of dead workers, whose work has been taken over or ended."""
        for path in self.folder.iterdir():
            if self.is_dead(path.name):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        if self.lock is not None:
            self.lock.close()
            (self.folder / self.name).unlink(missing_ok=True)


def is_anyone_alive(folder: Path) -> bool:
    """Return True if a worker of this machine that keeps its lock in ``folder`` is alive."""
    return folder.exists() and any(_is_locked(path) for path in folder.iterdir())


def _is_locked(path: Path) -> bool | None:
    """Return True if the lock is taken; None if the file is no worker's of this machine."""
    if not re.fullmatch(r"\d+-[0-9a-f]+", path.name):
        return None
    try:
        with path.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return True
    return False
