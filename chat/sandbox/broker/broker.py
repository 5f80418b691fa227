"""The process that owns all sessions of a data folder. It has no settings, no secrets and no database.

    python -E -s -B -m chat.sandbox.broker RULES

is run by the Python of the sandbox in an empty environment, with the project's folder as the working directory. RULES
is the JSON of ``chat.sandbox.broker_options``. It serves the socket at once, and sessions as soon as a tier was tried
out; when none works it tells everyone why and runs nothing.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import resource
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from chat.sandbox.broker import orphans
from chat.sandbox.broker.connection import Caller
from chat.sandbox.broker.registry import Registry
from chat.sandbox.broker.session_pool import Nursery
from chat.sandbox.broker.thread_pool import Threads
from chat.sandbox.broker_options import Rules
from chat.sandbox.errors import Unavailable
from chat.sandbox.protocol import Header, address
from chat.sandbox.sessions.probe import Report, probe

log = logging.getLogger(__name__)
PREDECESSOR_SECONDS = 10.0  # for an earlier broker of this folder to end: it does so when its server does
FAREWELL_SECONDS = 5.0  # then it leaves as it is: what still runs dies with it
LEASH = 0  # the standard input
NICE = 5  # cells leave the processor to those who serve pages
REFUSED = "No isolation works here, so no code is run."


class Broker:
    """``await run()`` until the leash or a signal ends it."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.threads = Threads(rules.sessions + rules.cells + rules.warm)
        self.started: asyncio.Future[Registry] = asyncio.get_running_loop().create_future()
        self.report: Report | None = None
        self.failure = ""
        self.stopped = asyncio.Event()
        self.callers: set[asyncio.Task[None]] = set()
        self.nursery: Nursery | None = None

    async def run(self) -> None:
        """Raises ``OSError`` when the socket cannot be served."""
        server = await asyncio.start_unix_server(self._connected, sock=listening(self.rules))
        working = asyncio.ensure_future(self._work())
        await self.stopped.wait()
        server.close()
        working.cancel()
        for caller in self.callers:
            caller.cancel()
        await asyncio.gather(working, *self.callers, return_exceptions=True)
        if self.nursery is not None:
            await self.nursery.close()

    def stop(self) -> None:
        self.stopped.set()

    def status(self) -> Header:
        """What ``{"op": "status"}`` is answered with; ``state`` is starting, ready or refused."""
        is_ready = self.started.done() and not self.failure
        found = self.started.result().status() if is_ready else {}
        return {
            "op": "status",
            "state": "ready" if is_ready else "refused" if self.failure else "starting",
            "message": self.failure,
            **(asdict(self.report) if self.report else {"tier": None, "reasons": {}}),
            "pid": os.getpid(),
            **found,
            "most": {
                name: getattr(self.rules, name)
                for name in ("sessions", "sessions_each", "cells", "cells_each", "idle", "life", "memory")
            },
            "limits": asdict(self.rules.limits),
        }

    async def _registry(self) -> Registry:
        return await asyncio.shield(self.started)

    async def _work(self) -> None:
        """Find out what works here, then look after the sessions."""
        rules = self.rules
        uids = range(rules.uids[0], rules.uids[1] + 1) if rules.uids else None
        try:
            self.report = await self.threads.do(
                lambda: probe(Path(sys.executable), folder=rules.folder / "sessions", pinned=rules.tier, uids=uids)
            )
        except Exception as error:
            log.exception("the probe failed")
            self.failure = f"{REFUSED} {error}"
        if self.report is None or self.report.tier is None:
            self.failure = self.failure or REFUSED
            self.started.set_exception(Unavailable(self.failure))
            self.started.exception()  # told to everyone who asks, or to nobody
            return
        record = orphans.Record(rules.folder / "processes")
        self.nursery = Nursery(rules, tier=self.report.tier, threads=self.threads, record=record)
        registry = Registry(rules, self.nursery)
        self.started.set_result(registry)
        await registry.tend()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not is_welcome(writer.get_extra_info("socket"), self.rules.callers):
            writer.transport.abort()
            return
        caller = Caller(reader, writer, registry=self._registry, status=self.status, threads=self.threads)
        task = asyncio.ensure_future(caller.serve())
        self.callers.add(task)
        task.add_done_callback(self.callers.discard)


def is_welcome(connection: socket.socket, callers: tuple[int, ...]) -> bool:
    """Whether it comes from our own uid, from root, or from one of ``callers``."""
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", packed)[1] in (0, os.geteuid(), *callers)


def listening(rules: Rules) -> socket.socket:
    """The folder must be locked, so that a socket that is there is a dead one's."""
    rules.socket.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    before = os.umask(0o111 if rules.callers else 0o177)
    try:
        with address(rules.socket) as where:
            server.bind(where)
    finally:
        os.umask(before)
    server.listen(128)
    return server


def locked(folder: Path) -> int:
    """The lock that a broker holds for life. Raises ``SystemExit`` when another one does."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / "broker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + PREDECESSOR_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > deadline:
                sys.exit("another broker has this folder")
            time.sleep(0.05)


def allow_descriptors() -> None:
    """As many as there may be: a session in namespaces takes eight."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with suppress(OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def serve(rules: Rules) -> None:
    broker, loop = Broker(rules), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, broker.stop)
    if rules.leashed:
        loop.add_reader(LEASH, lambda: None if os.read(LEASH, 1) else broker.stop())
    running, stopped = asyncio.ensure_future(broker.run()), asyncio.ensure_future(broker.stopped.wait())
    await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({running}, timeout=FAREWELL_SECONDS)
    if running.done():
        running.result()
    logging.shutdown()
    os._exit(0)  # an ordinary exit would wait for threads that wait for sessions


def main(told: str) -> None:
    os.umask(0o022)  # or the users of sessions could not enter what is made for them
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    rules = Rules.unpacked(told)
    locked(rules.folder)
    allow_descriptors()
    os.nice(NICE)
    if left := orphans.Record(rules.folder / "processes").sweep():
        log.warning("%d processes of an earlier broker were still there and have been ended", left)
    orphans.empty(rules.folder / "sessions")
    if rules.uids is not None:  # sessions have users of their own, who must get to their files
        for folder in (rules.folder, rules.folder / "sessions"):
            folder.chmod(0o711)
    asyncio.run(serve(rules))
