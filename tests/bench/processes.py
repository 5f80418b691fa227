"""Child processes of the benchmark: started, waited for, weighed, and ended by their own handle."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
START = 60.0  # seconds


class Child:
    """``python -m MODULE --port PORT ARGUMENTS``, ready when it listens. Use it as a context manager."""

    def __init__(self, module: str, port: int, *arguments: str) -> None:
        self.port = port
        command = [sys.executable, "-m", module, "--port", str(port), *arguments]
        self._process = subprocess.Popen(command, cwd=ROOT)

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Child:
        deadline = time.monotonic() + START
        while not _listens(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise RuntimeError(f"{self._process.args!r} did not start")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cpu_seconds(pid: int | None) -> float:
    """CPU time, user and system, of a process and its children; 0 for none."""
    total = 0.0
    for process in _family(pid):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def exact_cpu_seconds(pid: int) -> float:
    """CPU time of a process without its children, to the nanosecond: for short windows."""
    # What clock_getcpuclockid(3) returns.
    return time.clock_gettime((~pid << 3) | 2)


def memory(pid: int | None) -> int:
    """Bytes that a process and its children have for themselves (USS)."""
    total = 0
    for process in _family(pid):
        with contextlib.suppress(psutil.Error):
            total += process.memory_full_info().uss
    return total


def _family(pid: int | None) -> list[psutil.Process]:
    if pid is None:
        return []
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []
