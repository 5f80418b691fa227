"""The filter's program, run by a small machine here: also for the processor that we do not have."""

from __future__ import annotations

import errno
import struct
from typing import Literal

import pytest

from chat.sandbox.isolation import seccomp
from chat.sandbox.isolation.syscalls import AUDIT, NUMBERS
from chat.sandbox.values import Tier

PID = 4711
ARCHITECTURES = ("x86_64", "aarch64")
Answer = Literal["allow", "kill"] | int


def answer(program: bytes, number: int, *arguments: int, audit: int) -> Answer:
    """What the kernel does with a call: the number of an error, or a word."""
    values = [value & 0xFFFFFFFFFFFFFFFF for value in (*arguments, *[0] * 6)][:6]
    data = struct.pack("=IIQ6Q", number, audit, 0, *values)
    steps = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        code, if_true, if_false, value = steps[at]
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x06:
            return {0x7FFF0000: "allow", 0x80000000: "kill"}.get(value, value & 0xFFFF)  # type: ignore[return-value]
        else:
            holds = {0x15: accumulator == value, 0x25: accumulator > value, 0x35: accumulator >= value}[code]
            at += if_true if holds else if_false


@pytest.fixture(params=ARCHITECTURES)
def architecture(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=["ns", "landlock"])
def tier(request: pytest.FixtureRequest) -> Tier:
    return request.param


class TestTheFilter:
    def asked(self, tier: Tier, architecture: str, name: str | int, *arguments: int, abi: int = 7) -> Answer:
        program = seccomp.program(tier, pid=PID, abi=abi, architecture=architecture)
        number = NUMBERS[architecture][name] if isinstance(name, str) else name
        return answer(program, number, *arguments, audit=AUDIT[architecture])

    @pytest.mark.parametrize("name", ["read", "write", "openat", "mmap", "futex", "exit_group", "getrandom", "statx"])
    def test_allows_what_every_program_does(self, tier: Tier, architecture: str, name: str) -> None:
        assert self.asked(tier, architecture, name) == "allow"

    @pytest.mark.parametrize(
        ("x86_64", "aarch64"),
        [
            *[(41, 198), (101, 117), (59, 221), (425, 425), (321, 280), (165, 40), (272, 97), (42, 203), (105, 146)],
            *[(222, 107), (223, 110), (46, 211), (47, 212), (307, 269), (299, 243)],
        ],
        ids=[
            *["socket", "ptrace", "execve", "io_uring_setup", "bpf", "mount", "unshare", "connect", "setuid"],
            *["timer_create", "timer_settime", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg"],
        ],
    )
    def test_refuses_what_it_does_not_name(self, tier: Tier, architecture: str, x86_64: int, aarch64: int) -> None:
        assert self.asked(tier, architecture, x86_64 if architecture == "x86_64" else aarch64) == errno.EPERM

    def test_does_not_know_newer_calls(self, tier: Tier, architecture: str) -> None:
        assert self.asked(tier, architecture, 500) == errno.ENOSYS

    def test_kills_who_speaks_another_dialect(self, tier: Tier) -> None:
        program = seccomp.program(tier, pid=PID, abi=7, architecture="x86_64")

        assert answer(program, 1, audit=0x40000003) == "kill"  # i386
        assert answer(program, 0x40000001, audit=AUDIT["x86_64"]) == "kill"  # x32

    def test_allows_threads_and_no_processes(self, tier: Tier, architecture: str) -> None:
        thread, child = 0x3D0F00, 17

        assert self.asked(tier, architecture, "clone", thread) == "allow"
        assert self.asked(tier, architecture, "clone", child) == errno.EPERM
        assert self.asked(tier, architecture, "clone", thread & ~0x400) == errno.EPERM  # with descriptors of its own
        assert self.asked(tier, architecture, "clone", thread | 0x10000000) == errno.EPERM
        assert self.asked(tier, architecture, "clone3") == errno.ENOSYS

    def test_allows_signals_to_oneself_only(self, tier: Tier, architecture: str) -> None:
        for name in ("kill", "tgkill"):
            assert self.asked(tier, architecture, name, PID) == "allow"
            for other in (PID + 1, 0, -1, 1):
                assert self.asked(tier, architecture, name, other) == errno.EPERM

    def test_allows_pairs_of_streams_and_no_other_sockets(self, tier: Tier, architecture: str) -> None:
        stream, datagram, close_on_exec = 1, 2, 0o2000000

        assert self.asked(tier, architecture, "socketpair", 1, stream | close_on_exec) == "allow"
        assert self.asked(tier, architecture, "socketpair", 1, datagram) == errno.EPERM
        assert self.asked(tier, architecture, "socketpair", 2, stream) == errno.EPERM

    @pytest.mark.parametrize(
        ("name", "good", "bad"),
        [
            ("ioctl", (0, 0x5401), (0, 0x5412)),  # TCGETS, TIOCSTI
            ("fcntl", (0, 3), (0, 8)),  # F_GETFL, F_SETOWN
            ("prctl", (15,), (22,)),  # PR_SET_NAME, PR_SET_SECCOMP
            ("prlimit64", (0,), (PID + 1,)),
            ("sendto", (0, 0, 0, 0x4000), (0, 0, 0, 0x4001)),  # MSG_NOSIGNAL, and MSG_OOB
            ("recvfrom", (0, 0, 0, 0x2), (0, 0, 0, 0x3)),  # MSG_PEEK, and MSG_OOB
        ],
    )
    def test_looks_at_arguments(
        self, tier: Tier, architecture: str, *, name: str, good: tuple[int, ...], bad: tuple[int, ...]
    ) -> None:
        assert self.asked(tier, architecture, name, *good) == "allow"
        assert self.asked(tier, architecture, name, *bad) == errno.EPERM

    def test_lies_about_metadata_where_landlock_does_not_guard_it(self, architecture: str) -> None:
        assert self.asked("landlock", architecture, "fchmodat") == 0
        assert self.asked("ns", architecture, "fchmodat") == "allow"

    @pytest.mark.parametrize("abi", [1, 2])
    def test_lets_nobody_empty_a_file_by_opening_it_before_landlock_does(self, architecture: str, abi: int) -> None:
        emptying = 0o1000
        for mode, expected in ((0, errno.EPERM), (1, "allow"), (2, "allow"), (3, errno.EPERM)):
            assert self.asked("landlock", architecture, "openat", 0, 0, mode | emptying, abi=abi) == expected
            assert self.asked("landlock", architecture, "openat", 0, 0, mode, abi=abi) == "allow"
        assert self.asked("landlock", architecture, "truncate", abi=abi) == errno.EPERM
        assert self.asked("landlock", architecture, "truncate", abi=3) == "allow"
