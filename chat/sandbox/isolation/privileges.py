"""Gives up for good what a process may do: users, capabilities, limits, new privileges."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from contextlib import suppress
from pathlib import Path

from chat.sandbox.errors import IsolationFailed
from chat.sandbox.isolation import kernel
from chat.sandbox.values import MB, Limits

_PDEATHSIG, _DUMPABLE, _CAPBSET_READ, _CAPBSET_DROP, _SECUREBITS, _NO_NEW_PRIVS, _CAP_AMBIENT = 1, 4, 23, 24, 28, 38, 47
_CLEAR_ALL = 4
_LOCKED_BITS = 0x2F  # root means nothing, setuid changes nothing, and neither can be changed again
_CAPABILITY_VERSION = 0x20080522
_MAX_CAPABILITIES = 64
_LAST_SECONDS = 5  # of processor time, between the signal that says why and the end


def die_with_parent() -> None:
    """End this process with the parent's *thread*. A change of the user undoes it."""
    kernel.prctl(_PDEATHSIG, signal.SIGKILL)


def yield_to_others() -> None:
    """Let the kernel end this process first when memory is short, and run others before it."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    os.nice(5)


def drop_bounding_set() -> None:
    """Let no program that is started gain a capability. Without effect for a user who has none to begin with."""
    for capability in range(_MAX_CAPABILITIES):
        if kernel.prctl(_CAPBSET_READ, capability) < 0:
            break
        kernel.prctl(_CAPBSET_DROP, capability)


def become_user(uid: int) -> None:
    """Be user and group ``uid``, in no other group. Raise ``IsolationFailed``."""
    try:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    except OSError as error:
        raise IsolationFailed(f"cannot become user {uid}: {error.strerror}") from None
    die_with_parent()


def drop_capabilities() -> None:
    """Give up all capabilities, also those that root would have."""
    kernel.prctl(_SECUREBITS, _LOCKED_BITS)
    kernel.prctl(_CAP_AMBIENT, _CLEAR_ALL)
    header = ctypes.c_char_p(struct.pack("II", _CAPABILITY_VERSION, 0))
    kernel.call("capset", "capset", header, ctypes.c_char_p(bytes(24)))


def give_up_new_privileges() -> None:
    """Let no program that is started gain privileges. Raise ``IsolationFailed``."""
    if kernel.prctl(_NO_NEW_PRIVS, 1) < 0:
        raise IsolationFailed("the kernel does not know no_new_privs")


def hide_memory() -> None:
    """Allow no core dump, and no process of the same user to look into this one."""
    kernel.prctl(_DUMPABLE, 0)


def _end_for_time(number: int, _: object) -> None:
    os._exit(128 + number)


def limit(limits: Limits, *, own_user: bool) -> None:
    """Set resource limits. ``own_user``: no process outside this session has its user; its threads can be counted."""
    values = {
        # What is mapped is more than what is used.
        resource.RLIMIT_AS: limits.memory + 640 * MB,
        resource.RLIMIT_FSIZE: min(limits.disk, 256 * MB),
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_STACK: 8 * MB,
        resource.RLIMIT_MEMLOCK: 64 * 1024,
        resource.RLIMIT_SIGPENDING: 128,
        resource.RLIMIT_CPU: 1800 + _LAST_SECONDS,
        **dict.fromkeys(
            (resource.RLIMIT_CORE, resource.RLIMIT_MSGQUEUE, resource.RLIMIT_NICE, resource.RLIMIT_RTPRIO), 0
        ),
    }
    # By default it does nothing to the first process of a namespace.
    signal.signal(signal.SIGXCPU, _end_for_time)
    if own_user:
        values[resource.RLIMIT_NPROC] = 64
    for kind, value in values.items():
        allowed = resource.getrlimit(kind)[1]
        most = value if allowed == resource.RLIM_INFINITY else min(value, allowed)
        soft = max(0, most - _LAST_SECONDS) if kind == resource.RLIMIT_CPU else most
        resource.setrlimit(kind, (soft, most))
