"""A real broker in a process of its own, for tests."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from chat.sandbox import protocol
from chat.sandbox.broker_options import BrokerOptions
from chat.sandbox.client import Sandbox
from chat.sandbox.protocol import address
from chat.sandbox.values import Limits

ROOT = Path(__file__).resolve().parents[2]
UIDS = (61200, 65000)
PATIENCE = 60.0  # seconds for what a busy machine does in one


class RunningBroker:
    """Started when made; ``wait`` until it is ready or refuses. It is on a leash, as the supervisor's is."""

    def __init__(self, python: Path, folder: Path, **options: Any) -> None:
        folder.mkdir(exist_ok=True)
        uids = UIDS if os.geteuid() == 0 else None
        told: dict[str, Any] = {"uids": uids, "leashed": True, "look": 0.1, "limits": Limits(seconds=30)}
        told |= {"preload": ()} | options  # to import the libraries takes seconds of processor time
        self.options = BrokerOptions(folder, folder / "broker.sock", **told)
        self.folder, self.sandbox = folder, Sandbox(self.options.socket)
        command = [str(python), "-E", "-s", "-B", "-m", "chat.sandbox.broker", self.options.to_json()]
        self.log = folder / "broker.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={}, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> dict[str, Any]:
        """Its status, as soon as it has found out what works here."""
        return until(lambda: self.status() if self.status().get("state") in ("ready", "refused") else None)

    def status(self) -> dict[str, Any]:
        """Empty when it does not answer. Does not need an event loop, nor mind one."""
        assert self.process.poll() is None, self.log.read_text()
        with socket.socket(socket.AF_UNIX) as connection, address(self.options.socket) as where:
            try:
                connection.settimeout(5)
                connection.connect(where)
                protocol.send(connection, {"op": "status"})
                return protocol.receive(connection)[0]
            except (OSError, EOFError):
                return {}

    def family(self) -> list[psutil.Process]:
        """Itself, the zygote and every session."""
        broker = psutil.Process(self.process.pid)
        return [broker, *broker.children(recursive=True)]

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)


def until(found: Callable[[], Any], *, why: Callable[[], str] = lambda: "") -> Any:
    """What ``found`` returns, as soon as it is anything."""
    deadline = time.monotonic() + PATIENCE
    while not (result := found()):
        assert time.monotonic() < deadline, f"it did not come to pass: {why()}"
        time.sleep(0.05)
    return result


def short_of_descriptors(python: Path, script: Path) -> Path:
    """A ``python`` whose processes may not have the descriptors of a session, which are high: no tier works."""
    script.write_text(f'#!/bin/sh\nulimit -n 500\nexec {python} "$@"\n')
    script.chmod(0o755)
    return script


async def come_true(found: Callable[[], Awaitable[Any]]) -> Any:
    """As ``until``, in an event loop that goes on meanwhile."""
    async with asyncio.timeout(PATIENCE):
        while not (result := await found()):  # noqa: ASYNC110 -- another process makes it true
            await asyncio.sleep(0.02)
    return result


def all_gone(processes: list[psutil.Process]) -> bool:
    """Zombies count as gone: whoever should bury them is another matter."""
    return not any(is_alive(process) for process in processes)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def broker(python: Path, folder: Path, **options: Any) -> Iterator[RunningBroker]:
    """One that is ready."""
    running = RunningBroker(python, folder, **options)
    try:
        status = running.wait()
        assert status["state"] == "ready", status
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()
        if running.process.stdin:
            running.process.stdin.close()
