"""Removes what a killed broker left behind: folders, and processes that should have died with it."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

from chat.sandbox.sessions import folders

BOOT = Path("/proc/sys/kernel/random/boot_id")


class ProcessRecord:
    """The record of our processes: a folder of empty files named ``<pid>-<start>-<boot>``. Any thread may use it.

    A pid alone may be another process's by the time that it is read; together with the time of its start it is not.
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
        """End the processes of an earlier broker, which must be dead, and return how many there were."""
        count = 0
        for path in self.folder.iterdir():
            count += _end(path.name)
            path.unlink(missing_ok=True)
        return count


def remove_folders(folder: Path) -> None:
    """Remove the folders in ``folder``, which is made if it does not exist."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in folder.iterdir():
        folders.remove(path)


def _end(name: str) -> bool:
    """End the process of that name; True if it was there."""
    pid = name.partition("-")[0]
    if not pid.isdecimal():
        return False
    # Through a descriptor, so that the process whose name is compared is the one that is ended.
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
    """Return ``<pid>-<start>-<boot>`` of a process; empty when it has ended."""
    try:
        # The name of the program stands in brackets and may have any character; the start is the 20th field after it.
        start = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
    return f"{pid}-{start}-{BOOT.read_text().strip()[:8] if BOOT.exists() else ''}"
