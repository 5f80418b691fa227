"""From a plan to a session that is locked down and waits for its first request."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from dataclasses import dataclass

from chat.sandbox import protocol
from chat.sandbox.errors import IsolationFailed
from chat.sandbox.isolation.layers import Plan
from chat.sandbox.protocol import Header
from chat.sandbox.sessions.process import Life
from chat.sandbox.sessions.zygote import Zygote

READY_SECONDS = 30.0
_AFTERWORD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Ends:
    """Our ends of a session: where it answers, where it prints, its process, and what it said of itself."""

    control: socket.socket
    output: int
    life: Life
    info: Header

    def close(self) -> None:
        """End it. Returns when its processes are gone."""
        self.life.end()
        self.life.close()
        self.control.close()
        os.close(self.output)


def start_session(zygote: Zygote, plan: Plan) -> Ends:
    """Raises ``IsolationFailed`` with the reason, and ``OSError`` when the zygote is dead."""
    with ExitStack() as undone:
        control, theirs = socket.socketpair()
        undone.callback(control.close)
        output, printing = os.pipe()
        undone.callback(os.close, output)
        with theirs:
            try:
                birth = zygote.spawn(plan, control=theirs, output=printing)
            finally:
                os.close(printing)
        life = undone.enter_context(_born(birth, control))
        undone.callback(life.end)
        ends = Ends(control, output, life, _ready(control, seconds=READY_SECONDS))
        undone.pop_all()
        return ends


def _born(birth: socket.socket, control: socket.socket) -> Life:
    try:
        return Life(birth)
    except IsolationFailed:
        birth.close()
        _ready(control, seconds=_AFTERWORD_SECONDS)  # it may have said why
        raise


def _ready(control: socket.socket, *, seconds: float) -> Header:
    control.settimeout(seconds)
    try:
        header, _ = protocol.receive(control)
    except (EOFError, OSError, protocol.BadFrame) as error:
        raise IsolationFailed(f"The session did not become ready: {error}") from None
    if header.get("op") != "ready":
        raise IsolationFailed(str(header.get("message")))
    return header
