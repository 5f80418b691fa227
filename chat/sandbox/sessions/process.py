"""The process of a session, known by a descriptor: its number may be another process's by the time of use."""

from __future__ import annotations

import os
import select
import signal
import socket
from contextlib import suppress
from pathlib import Path

from chat.sandbox.errors import IsolationFailed

BIRTH_SECONDS = 30.0
_CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL}


class SessionProcess:
    """``birth`` is the socket that the zygote's ``spawn`` returned. Raise ``IsolationFailed`` if no process came."""

    def __init__(self, birth: socket.socket) -> None:
        self._birth = birth
        birth.settimeout(BIRTH_SECONDS)
        try:
            message, descriptors, _, _ = socket.recv_fds(birth, 1 << 12, 8)
        except OSError as error:
            raise IsolationFailed(f"No session was forked: {error}") from None
        if not descriptors:
            raise IsolationFailed(f"No session was forked: {message.decode() or 'the zygote ended'}")
        self.descriptor, *self._mounts = descriptors
        self.pid = _pid_of(self.descriptor)

    def files_in_memory(self) -> int:
        """Return the bytes of its files that are kept in memory, as they are in namespaces."""
        used = (os.fstatvfs(mount) for mount in self._mounts)
        return sum((one.f_blocks - one.f_bfree) * one.f_frsize for one in used)

    def ends(self, *, within: float) -> bool:
        """True if it has ended, or does so within so many seconds."""
        return _is_readable(self.descriptor, seconds=within)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it has not ended."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.descriptor, number)

    def end(self) -> None:
        """Kill it. Return when it is gone, and the zygote has reaped it."""
        # It ends all the same when its socket does.
        with suppress(PermissionError):
            self.signal(signal.SIGKILL)
        _is_readable(self.descriptor, seconds=5)
        self.cause(seconds=5)

    def cause(self, *, seconds: float) -> str:
        """Return why it ended by itself, in words; waits so long for the zygote to report it."""
        self._birth.settimeout(seconds)
        try:
            code = int(self._birth.recv(1 << 12) or b"0")
        except (OSError, ValueError):
            return "It ended."
        return _in_words(code)

    def __enter__(self) -> SessionProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptors; the process goes on."""
        self._birth.close()
        for descriptor in (self.descriptor, *self._mounts):
            os.close(descriptor)


def _pid_of(process: int) -> int:
    """Return its number as we see it; in namespaces it sees itself as 1."""
    for line in Path(f"/proc/self/fdinfo/{process}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise IsolationFailed("/proc does not tell the number of the session's process")


def _is_readable(descriptor: int, *, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _in_words(code: int) -> str:
    # In namespaces the process that waits for it ends with 128 plus the signal, as a shell does.
    if code in range(0, 128):
        return "The code ended the interpreter."
    number = -code if code < 0 else code - 128
    if number in _CRASHES:
        return f"The interpreter crashed ({signal.Signals(number).name})."
    if number == signal.SIGXCPU:
        return "It used up the processor time of a session."
    if number == signal.SIGKILL:
        return "It was killed, most likely because the machine was out of memory."
    return f"It was ended by signal {number}."
