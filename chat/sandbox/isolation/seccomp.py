"""The system calls that a session may make, as a program for the kernel's filter.

What is not named is refused with EPERM, so that libraries fall back or fail in words; newer calls than we know get
ENOSYS, as on a kernel that does not have them.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from chat.sandbox.isolation import kernel
from chat.sandbox.isolation.syscalls import AUDIT, NUMBERS
from chat.sandbox.values import Tier

_PLAIN = """
read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 sendfile copy_file_range
open creat openat close close_range lseek fsync fdatasync sync_file_range ftruncate fallocate fadvise64 flock
stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2 getdents getdents64
readlink readlinkat getcwd chdir fchdir umask mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2
dup dup2 dup3 pipe pipe2 eventfd eventfd2 shutdown getsockopt getsockname getpeername
select pselect6 poll ppoll epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
mmap munmap mremap mprotect msync madvise mlock munlock brk membarrier get_mempolicy
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack signalfd signalfd4
pause alarm getitimer setitimer timerfd_create timerfd_settime timerfd_gettime
nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times
futex futex_waitv set_robust_list set_tid_address rseq restart_syscall exit exit_group wait4 waitid
getpid gettid getppid getpgrp getpgid getsid getuid geteuid getgid getegid getgroups getresuid getresgid
getrlimit getrusage getpriority getcpu getrandom uname sysinfo
sched_yield sched_getparam sched_getscheduler sched_getaffinity sched_get_priority_max sched_get_priority_min
sched_rr_get_interval
"""

_METADATA = "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat"
_LINKS = "symlink symlinkat link linkat"
_XATTRS = "getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr"

_AF_UNIX, _SOCK_STREAM, _SOCK_TYPES, _MSG_OOB = 1, 1, 0xF, 0x1
_O_ACCMODE, _O_WRONLY, _O_RDWR, _O_TRUNC = 0o3, 0o1, 0o2, 0o1000
_CLONE_THREAD, _CLONE_NEW = 0x10400, 0x7E020080  # and CLONE_FILES; every CLONE_NEW… flag
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
_FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)  # F_DUPFD … F_SETLKW, F_OFD_…, DUPFD_CLOEXEC, GETPIPE_SZ
_PRCTLS = (3, 15, 16, 21, 23, 27, 39, 0x53564D41)  # reading one's own state, names of threads and mappings

_LOAD, _AND, _EQUAL, _GREATER, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x25, 0x35, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000
_NEWEST = 462  # the last call that is in our tables' kernel


@dataclass(frozen=True, slots=True)
class _Test:
    """``argument & mask == value``, of the lower 32 bits: each of these arguments is an int to the kernel."""

    argument: int
    value: int
    mask: int = 0xFFFFFFFF


_Rule = list[list[_Test]]  # alternatives, each a list of tests that all must hold


def install(program: bytes) -> None:
    """Put this process under ``program`` for good; it must have given up new privileges. Raise ``IsolationFailed``."""
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    number = NUMBERS[kernel.ARCHITECTURE]["seccomp"]
    # SECCOMP_SET_MODE_FILTER, for all threads.
    kernel.syscall("seccomp", number, 1, 1, ctypes.c_char_p(header))


def program(tier: Tier, *, pid: int, abi: int, architecture: str = kernel.ARCHITECTURE) -> bytes:
    """Return the filter for a session of ``tier`` whose process sees itself as ``pid``, under Landlock ``abi``."""
    numbers = NUMBERS[architecture]
    conditions = _conditions(tier, pid=pid, abi=abi)
    out = [_step(_LOAD, 4), _step(_EQUAL, AUDIT[architecture], 1, 0), _step(_RETURN, _KILL), _step(_LOAD, 0)]
    if architecture == "x86_64":
        out += [_step(_AT_LEAST, _X32, 0, 1), _step(_RETURN, _KILL)]
    answers = dict.fromkeys(_PLAIN.split(), _ALLOW) | _answers(tier)
    for name, answer in answers.items():
        if name in numbers and name not in conditions:
            out += [_step(_EQUAL, numbers[name], 0, 1), _step(_RETURN, answer)]
    for name, rule in conditions.items():
        if name in numbers:
            body = [*_checks(rule), _step(_RETURN, _ERROR | errno.EPERM)]
            out += [_step(_EQUAL, numbers[name], 0, len(body)), *body]
    out += [_step(_GREATER, _NEWEST, 0, 1), _step(_RETURN, _ERROR | errno.ENOSYS), _step(_RETURN, _ERROR | errno.EPERM)]
    return b"".join(out)


def _answers(tier: Tier) -> dict[str, int]:
    """Return the calls that have one answer each."""
    # Landlock does not guard metadata. There a change of them only seems to work, because libraries insist on it.
    metadata = _ALLOW if tier == "ns" else _ERROR
    return {
        # The flags of clone3 lie in memory, where no filter sees them; libc falls back to clone.
        "clone3": _ERROR | errno.ENOSYS,
        "openat2": _ERROR | errno.ENOSYS,
        **dict.fromkeys(_XATTRS.split(), _ERROR | errno.EOPNOTSUPP),
        **dict.fromkeys(_METADATA.split(), metadata),
        **(dict.fromkeys(_LINKS.split(), _ALLOW) if tier == "ns" else {}),
    }


def _conditions(tier: Tier, *, pid: int, abi: int) -> dict[str, _Rule]:
    itself: _Rule = [[_Test(0, pid)]]
    itself_or_0: _Rule = [[_Test(0, 0)], *itself]
    rules: dict[str, _Rule] = {
        "ioctl": _any_of(1, *_IOCTLS),
        "fcntl": _any_of(1, *_FCNTLS),
        "prctl": _any_of(0, *_PRCTLS),
        "prlimit64": itself_or_0,
        "sched_setaffinity": itself_or_0,
        "personality": _any_of(0, 0xFFFFFFFF),
        "kill": itself,
        "tgkill": itself,
        "clone": [[_Test(0, _CLONE_THREAD, _CLONE_THREAD | _CLONE_NEW)]],
        "sendto": [[_Test(3, 0, _MSG_OOB)]],
        "recvfrom": [[_Test(3, 0, _MSG_OOB)]],
        # not datagrams: those can be sent to any socket of the host that has a name
        "socketpair": [[_Test(0, _AF_UNIX), _Test(1, _SOCK_STREAM, _SOCK_TYPES)]],
    }
    if tier == "ns" or abi >= 3:
        rules["truncate"] = [[]]
    else:
        # Before version 3 Landlock lets a file that may be read be emptied by opening it.
        rules |= {"open": _opening(1), "openat": _opening(2)}
    return rules


def _any_of(argument: int, *values: int) -> _Rule:
    return [[_Test(argument, value)] for value in values]


def _opening(flags: int) -> _Rule:
    return [
        [_Test(flags, 0, _O_TRUNC)],
        [_Test(flags, _O_WRONLY, _O_ACCMODE)],
        [_Test(flags, _O_RDWR, _O_ACCMODE)],
    ]


def _checks(rule: _Rule) -> Iterator[bytes]:
    """Yield for each alternative its tests, each of which jumps to the next alternative if it fails, and "allow"."""
    for tests in rule:
        remaining = 3 * len(tests)
        for test in tests:
            yield _step(_LOAD, 16 + 8 * test.argument)
            yield _step(_AND, test.mask)
            remaining -= 3
            yield _step(_EQUAL, test.value, 0, remaining + 1)
        yield _step(_RETURN, _ALLOW)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value & 0xFFFFFFFF)
