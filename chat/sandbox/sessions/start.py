"""Starts a session from a plan: forked, locked down and ready for its first request."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from dataclasses import dataclass

from chat.sandbox import protocol
from chat.sandbox.errors import IsolationFailed
from chat.sandbox.isolation.layers import SessionPlan
from chat.sandbox.protocol import Header
from chat.sandbox.sessions.process import SessionProcess
from chat.sandbox.sessions.zygote import Zygote

READY_SECONDS = 30.0
_AFTERWORD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SessionHandles:
    """The handles of a session: its control socket, its output, its process, and the facts of its first frame."""

    control: socket.socket
    output: int
    process: SessionProcess
    info: Header

    def close(self) -> None:
        """End it. Return when its processes are gone."""
        self.process.end()
        self.process.close()
        self.control.close()
        os.close(self.output)


def start_session(zygote: Zygote, plan: SessionPlan) -> SessionHandles:
    """Return the handles of a new session. Raise ``IsolationFailed``, and ``OSError`` when the zygote is dead."""
    with ExitStack() as cleanup:
        control, theirs = socket.socketpair()
        cleanup.callback(control.close)
        output, printing = os.pipe()
        cleanup.callback(os.close, output)
        with theirs:
            try:
                birth = zygote.spawn(plan, control=theirs, output=printing)
            finally:
                os.close(printing)
        process = cleanup.enter_context(_await_birth(birth, control))
        cleanup.callback(process.end)
        handles = SessionHandles(control, output, process, _await_ready(control, seconds=READY_SECONDS))
        cleanup.pop_all()
        return handles


def _await_birth(birth: socket.socket, control: socket.socket) -> SessionProcess:
    try:
        return SessionProcess(birth)
    except IsolationFailed:
        birth.close()
        _await_ready(control, seconds=_AFTERWORD_SECONDS)  # it may have said why
        raise


def _await_ready(control: socket.socket, *, seconds: float) -> Header:
    control.settimeout(seconds)
    try:
        header, _ = protocol.receive(control)
    except (EOFError, OSError, protocol.BadFrame) as error:
        raise IsolationFailed(f"The session did not become ready: {error}") from None
    if header.get("op") != "ready":
        raise IsolationFailed(str(header.get("message")))
    return header
