"""Landlock: restricts a process, even root's, to the paths that rules name."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from chat.sandbox.errors import IsolationFailed
from chat.sandbox.isolation import kernel
from chat.sandbox.isolation.syscalls import NUMBERS

Kind = Literal["read", "write", "device"]

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << bit for bit in range(6))
_MAKE_DIR, _MAKE_REG, _REFER, _TRUNCATE, _IOCTL_DEV = 1 << 7, 1 << 8, 1 << 13, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_READ = _READ_FILE | _READ_DIR | _EXECUTE  # to execute is to map a library; seccomp refuses execve
_WRITE = (
    *(_READ_FILE, _READ_DIR, _WRITE_FILE, _REMOVE_DIR, _REMOVE_FILE),
    *(_MAKE_DIR, _MAKE_REG, _REFER, _TRUNCATE),
)
_RIGHTS: dict[Kind, int] = {"read": _READ, "write": sum(_WRITE), "device": _READ_FILE | _WRITE_FILE}

_RIGHTS_OF_VERSION = {1: 13, 2: 14, 3: 15, 4: 15}  # how many bits are known; 16 from version 5
_NETWORK, _SCOPES = 0b11, 0b11  # binding and connecting of TCP; abstract sockets and signals outwards


@dataclass(frozen=True, slots=True)
class Rule:
    """A path, and what may be done beneath it."""

    path: str
    kind: Kind


def version() -> int:
    """Return Landlock's version in this kernel; 0 where there is none, or where it is switched off."""
    try:
        return kernel.syscall("landlock", _number("landlock_create_ruleset"), 0, 0, 1)
    except (IsolationFailed, KeyError):
        return 0


def restrict(rules: Iterable[Rule], *, abi: int) -> None:
    """Put this process, which has given up new privileges, under ``rules`` for good, as Landlock's version ``abi`` can.

    Paths that do not exist are left out. Raise ``IsolationFailed``.
    """
    if abi < 1:
        raise IsolationFailed("Landlock is not available in this kernel")
    handled = (1 << _RIGHTS_OF_VERSION.get(abi, 16)) - 1
    attributes = struct.pack("QQQ", handled, _NETWORK, _SCOPES)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    create = _number("landlock_create_ruleset")
    rule_set = kernel.syscall("landlock_create_ruleset", create, ctypes.c_char_p(attributes), len(attributes), 0)
    try:
        for rule in rules:
            _add(rule_set, rule, handled=handled)
        kernel.syscall("landlock_restrict_self", _number("landlock_restrict_self"), rule_set, 0)
    finally:
        os.close(rule_set)


def _add(rule_set: int, rule: Rule, *, handled: int) -> None:
    try:
        path = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = _RIGHTS[rule.kind] & handled
        if not stat.S_ISDIR(os.fstat(path).st_mode):
            rights &= _OF_FILES
        beneath = ctypes.c_char_p(struct.pack("=Qi", rights, path))
        kernel.syscall(f"Landlock rule for {rule.path}", _number("landlock_add_rule"), rule_set, 1, beneath, 0)
    finally:
        os.close(path)


def _number(name: str) -> int:
    return NUMBERS[kernel.ARCHITECTURE][name]
