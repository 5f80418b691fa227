"""The process that owns all sessions of a data folder. It has no settings, no secrets and no database.

    python -E -s -B -m chat.sandbox.broker OPTIONS

is run by the Python of the sandbox in an empty environment, with the project's folder as the working directory.
OPTIONS is the JSON of ``chat.sandbox.broker_options``. It serves the socket at once, and sessions as soon as a tier was
tried out; when none works it answers every request with the reason and runs nothing.
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
from chat.sandbox.broker.connection import BrokerConnection
from chat.sandbox.broker.registry import Registry
from chat.sandbox.broker.session_pool import SessionPool
from chat.sandbox.broker.thread_pool import ThreadPool
from chat.sandbox.broker_options import BrokerOptions
from chat.sandbox.errors import SandboxUnavailable
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

    def __init__(self, options: BrokerOptions) -> None:
        self.options = options
        self.threads = ThreadPool(options.sessions + options.cells + options.warm)
        self.started: asyncio.Future[Registry] = asyncio.get_running_loop().create_future()
        self.report: Report | None = None
        self.failure = ""
        self.stopped = asyncio.Event()
        self.callers: set[asyncio.Task[None]] = set()
        self.pool: SessionPool | None = None

    async def run(self) -> None:
        """Serve until ``stop``. Raise ``OSError`` when the socket cannot be served."""
        server = await asyncio.start_unix_server(self._connected, sock=listen(self.options))
        working = asyncio.ensure_future(self._work())
        await self.stopped.wait()
        server.close()
        working.cancel()
        for caller in self.callers:
            caller.cancel()
        await asyncio.gather(working, *self.callers, return_exceptions=True)
        if self.pool is not None:
            await self.pool.close()

    def stop(self) -> None:
        self.stopped.set()

    def status(self) -> Header:
        """Return the answer to ``{"op": "status"}``; ``state`` is starting, ready or refused."""
        is_ready = self.started.done() and not self.failure
        sessions = self.started.result().status() if is_ready else {}
        return {
            "op": "status",
            "state": "ready" if is_ready else "refused" if self.failure else "starting",
            "message": self.failure,
            **(asdict(self.report) if self.report else {"tier": None, "reasons": {}}),
            "pid": os.getpid(),
            **sessions,
            "most": {
                name: getattr(self.options, name)
                for name in ("sessions", "sessions_each", "cells", "cells_each", "idle", "life", "memory")
            },
            "limits": asdict(self.options.limits),
        }

    async def _registry(self) -> Registry:
        return await asyncio.shield(self.started)

    async def _work(self) -> None:
        """Find the tier that works here, then tend the sessions."""
        options = self.options
        uids = range(options.uids[0], options.uids[1] + 1) if options.uids else None
        try:
            self.report = await self.threads.run(
                lambda: probe(Path(sys.executable), folder=options.folder / "sessions", pinned=options.tier, uids=uids)
            )
        except Exception as error:
            log.exception("the probe failed")
            self.failure = f"{REFUSED} {error}"
        if self.report is None or self.report.tier is None:
            self.failure = self.failure or REFUSED
            self.started.set_exception(SandboxUnavailable(self.failure))
            # Marks it as seen: asyncio would log it if no caller ever asks.
            self.started.exception()
            return
        record = orphans.ProcessRecord(options.folder / "processes")
        self.pool = SessionPool(options, tier=self.report.tier, threads=self.threads, record=record)
        registry = Registry(options, self.pool)
        self.started.set_result(registry)
        await registry.tend()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not may_connect(writer.get_extra_info("socket"), self.options.callers):
            writer.transport.abort()
            return
        caller = BrokerConnection(reader, writer, registry=self._registry, status=self.status, threads=self.threads)
        task = asyncio.ensure_future(caller.serve())
        self.callers.add(task)
        task.add_done_callback(self.callers.discard)


def may_connect(connection: socket.socket, callers: tuple[int, ...]) -> bool:
    """True if the connection comes from our own uid, from root, or from one of ``callers``."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", credentials)[1] in (0, os.geteuid(), *callers)


def listen(options: BrokerOptions) -> socket.socket:
    """Return a socket that listens. The folder must be locked: then a socket in it belongs to a dead broker."""
    options.socket.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    before = os.umask(0o111 if options.callers else 0o177)
    try:
        with address(options.socket) as where:
            server.bind(where)
    finally:
        os.umask(before)
    server.listen(128)
    return server


def lock_folder(folder: Path) -> int:
    """Return the lock that a broker has for life. Raise ``SystemExit`` when another broker has it."""
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


def raise_descriptor_limit() -> None:
    """Allow this process as many open files as the system does: a session in namespaces takes eight, a client one."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with suppress(OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def serve(options: BrokerOptions) -> None:
    broker, loop = Broker(options), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, broker.stop)
    if options.leashed:
        loop.add_reader(LEASH, lambda: None if os.read(LEASH, 1) else broker.stop())
    running, stopped = asyncio.ensure_future(broker.run()), asyncio.ensure_future(broker.stopped.wait())
    await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({running}, timeout=FAREWELL_SECONDS)
    if running.done():
        running.result()
    logging.shutdown()
    # An ordinary exit would wait for threads that wait for sessions.
    os._exit(0)


def main(options_json: str) -> None:
    # The users of sessions must be able to enter the folders that are made for them.
    os.umask(0o022)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    options = BrokerOptions.from_json(options_json)
    lock_folder(options.folder)
    raise_descriptor_limit()
    os.nice(NICE)
    if count := orphans.ProcessRecord(options.folder / "processes").sweep():
        log.warning("%d processes of an earlier broker were still there and have been ended", count)
    orphans.remove_folders(options.folder / "sessions")
    # Sessions have users of their own, who must get to their files.
    if options.uids is not None:
        for folder in (options.folder, options.folder / "sessions"):
            folder.chmod(0o711)
    asyncio.run(serve(options))
