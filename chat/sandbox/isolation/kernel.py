"""Calls of the kernel that Python's library does not have, through ctypes."""

from __future__ import annotations

import ctypes
import errno
import os
import platform

from chat.sandbox.errors import IsolationFailed

_NAMES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}

ARCHITECTURE = _NAMES.get(platform.machine().lower(), "")
"""``x86_64``, ``aarch64``, or empty where we have no table of system calls."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def call(what: str, name: str, *arguments: object) -> int:
    """Call libc's function ``name``. Raise ``IsolationFailed``, which begins with ``what``, if it fails."""
    return _checked(what, getattr(_libc, name)(*arguments))


def syscall(what: str, number: int, *arguments: object) -> int:
    """Make a system call that libc has no function for. Raise as ``call`` does."""
    return _checked(what, _libc.syscall(*(_long(argument) for argument in (number, *arguments))))


def prctl(operation: int, *arguments: int) -> int:
    """Return what ``prctl`` does: -1 if the kernel refuses, which only the caller can judge."""
    padded = (*arguments, 0, 0, 0, 0)[:4]
    return int(_libc.prctl(ctypes.c_int(operation), *(ctypes.c_ulong(argument) for argument in padded)))


def _long(argument: object) -> object:
    return ctypes.c_long(argument) if isinstance(argument, int) else argument


def _checked(what: str, result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise IsolationFailed(f"{what}: {os.strerror(code)} ({errno.errorcode.get(code, code)})")
    return result
