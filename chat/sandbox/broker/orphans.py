"""What a broker that was killed left behind: folders, and processes that should have died with it."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

from chat.sandbox.sessions import folders

BOOT = Path("/proc/sys/kernel/random/boot_id")


class Record:
    """Which processes are ours, in a folder of empty files named ``<pid>-<start>-<boot>``. Any thread may use it.

    A pid alone may be somebody else's by the time that it is read; together with the time of its start it is not.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._names: dict[int, str] = {}
        self._lock = threading.Lock()

    def add(self, pid: int) -> None:
        if name := _name(pid):
            (self.folder / name).touch(mode=0o600)
            with self._lock:
                self._names[pid] = name

    def drop(self, pid: int) -> None:
        with self._lock:
            name = self._names.pop(pid, None)
        if name:
            (self.folder / name).unlink(missing_ok=True)

    def sweep(self) -> int:
        """End those that an earlier broker left; how many there were. Only when that one is dead."""
        left = 0
        for path in self.folder.iterdir():
            left += _end(path.name)
            path.unlink(missing_ok=True)
        return left


def empty(folder: Path) -> None:
    """Remove the folders in ``folder``, which is made if it is not there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in folder.iterdir():
        folders.remove(path)


def _end(name: str) -> bool:
    """Through a descriptor, so that the process whose name was compared is the one that is ended."""
    pid = name.partition("-")[0]
    if not pid.isdecimal():
        return False
    try:
        process = os.pidfd_open(int(pid))
    except OSError:
        return False
    try:
        if _name(int(pid)) != name:
            return False
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(process, signal.SIGKILL)
        return True
    finally:
        os.close(process)


def _name(pid: int) -> str:
    """Empty when there is no such process any more."""
    try:
        # The name of the program stands in brackets and may have any character; the start is the 20th field after it.
        start = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
    return f"{pid}-{start}-{BOOT.read_text().strip()[:8] if BOOT.exists() else ''}"
