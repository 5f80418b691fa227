"""Namespaces: a process that sees no process, network, name or file system but its own."""

from __future__ import annotations

import os
import select
import socket
from pathlib import Path
from typing import NoReturn

from chat.sandbox.errors import IsolationFailed
from chat.sandbox.isolation import kernel, privileges

UID = 1000
"""The number of our user in a user namespace of its own, as an ordinary user has it."""

MAX_DESCRIPTORS = 4096
"""No process here has one with a higher number."""

_FLAGS = {
    "user": 0x10000000,
    "mount": 0x00020000,
    "network": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
    "cgroup": 0x02000000,
    "pid": 0x20000000,
}


def unshare(kind: str) -> None:
    """Leave the namespace of ``kind`` for a new one. Raise ``IsolationFailed``."""
    kernel.call(f"a new {kind} namespace", "unshare", _FLAGS[kind])


def enter_user() -> None:
    """Enter a user namespace in which we may make the other namespaces, and no other user exists."""
    uid, gid = os.geteuid(), os.getegid()
    unshare("user")
    try:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{UID} {uid} 1"), ("gid_map", f"{UID} {gid} 1")):
            Path("/proc/self", name).write_text(text)
    except OSError as error:
        raise IsolationFailed(f"the user namespace cannot be set up: {error.strerror}") from None


def enter_uts() -> None:
    """Enter a namespace with a host name of its own."""
    unshare("uts")
    socket.sethostname("sandbox")


def enter_pid() -> None:
    """Return in a child that is the first process of a new namespace: when it ends, the kernel ends all others in it.

    The calling process stays outside, has no open files, and ends as the child ends.
    """
    unshare("pid")
    outside = os.pidfd_open(os.getpid())
    child = os.fork()
    if child:
        _follow(child)
    privileges.die_with_parent()
    # It ended before we were tied to it.
    if select.select([outside], [], [], 0)[0]:
        os._exit(1)
    os.close(outside)


def _follow(child: int) -> NoReturn:
    os.closerange(0, MAX_DESCRIPTORS)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)
