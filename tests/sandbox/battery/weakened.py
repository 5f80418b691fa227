"""Sessions that lack a layer. As a program, the zygote of such sessions: its argument says what to leave out."""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from chat.sandbox.isolation import seccomp
from chat.sandbox.isolation.layers import LAYERS, ForkedChild, Layer
from chat.sandbox.sessions import answers
from chat.sandbox.sessions.session import Session
from chat.sandbox.sessions.zygote_process import serve
from chat.sandbox.values import MB, Limits

MODULE = "tests.sandbox.battery.weakened"
ENDLESS: dict[str, Any] = {
    "memory": 1 << 40,
    "threads": 1 << 20,
    "disk": 2000 * MB,
    "scratch": 2000 * MB,
    "files": 1 << 20,
    "flood": 1 << 40,
    "images": 1000,
    "logs": 1 << 30,
}


class Restless(Session):
    """It is not stopped between cells."""

    def _stop(self) -> None:
        pass


class Trusting(Session):
    """It does not ask for the nonce."""

    def _check(self, frame: Any, nonce: str) -> None:
        pass


class Patient(Session):
    """It waits as long as a cell takes, or nearly."""

    def _check_limits(self, deadline: Any) -> None:
        if deadline.elapsed > 1:
            self._end("The test had to end it.")


SESSIONS = {"stop between cells": Restless, "nonce": Trusting, "watch over time": Patient}
CHECKS = {
    "pictures are looked at": ("is_picture", lambda body: True),
    "names are looked at": ("is_file_name", lambda name: True),
    "entries are looked at": ("_is_entry", lambda item, limits: True),
}


def session_class(without: str) -> type[Session]:
    return SESSIONS.get(without, Session)


def limits(usual: Limits, without: str) -> Limits:
    """``limit of x``, or ``limits of x and y``."""
    names = without.partition(" of ")[2].split(" and ") if without.startswith(("limit of", "limits of")) else []
    return replace(usual, **{name: ENDLESS[name] for name in names})


@contextmanager
def unchecked(without: str) -> Iterator[None]:
    if without not in CHECKS:
        yield
        return
    name, answer = CHECKS[without]
    usual = getattr(answers, name)
    setattr(answers, name, answer)
    try:
        yield
    finally:
        setattr(answers, name, usual)


def _filter_that_allows_datagrams(child: ForkedChild) -> None:
    seccomp._SOCK_STREAM = seccomp._SOCK_TYPES = 0
    _filter(child, abi=child.abi)


def _filter(child: ForkedChild, *, abi: int) -> None:
    seccomp.install(seccomp.program("landlock", pid=os.getpid(), abi=abi))


FILTERS: dict[str, Layer] = {
    "emptying": lambda child: _filter(child, abi=3),  # later Landlock forbids it itself
    "datagrams": _filter_that_allows_datagrams,
}


def _no_room() -> int:
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def main() -> None:
    """``without``: names of layers, or a rule of the filter; ``abi``: the version of Landlock; ``slow``: seconds that
    each lock-down in namespaces takes; ``barren``: the machine has no room for another process."""
    told = json.loads(sys.argv.pop(1))
    layers = {
        tier: {name: layer for name, layer in all_of_them.items() if name not in told.get("without", ())}
        for tier, all_of_them in LAYERS.items()
    }
    for name in told.get("without", ()):
        if name in FILTERS:
            layers["landlock"]["seccomp"] = FILTERS[name]
    if slow := told.get("slow"):
        layers["ns"] = {"slow": lambda child: time.sleep(slow), **layers["ns"]}
    if told.get("barren"):
        os.fork = _no_room
    serve(layers=layers, abi=told.get("abi"))


if __name__ == "__main__":
    main()
