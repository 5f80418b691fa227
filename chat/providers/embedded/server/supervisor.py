"""One server process for all processes of a data folder: started when first needed, and again when it died or hangs."""

from __future__ import annotations

import hashlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

from chat.errors import Unreachable
from chat.providers.embedded.file_lock import FileLock
from chat.providers.embedded.server.record import Server, read_server

START_SECONDS = 120.0
"""Loading takes 1 to 3 s from a warm disk; a model of one's own may be ten times larger."""

ANSWER_SECONDS = 5.0
"""The time in which a living server answers ``/health``. Its network threads do not wait for the model."""

POLL_SECONDS = 0.05
ROOT = Path(__file__).resolve().parents[4]

PASSED_ON = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR")
"""The variables that the child inherits: it parses model files and prompts, and needs none of our secrets."""

THREADS_SLEEP = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
"""Without these, two threads on two busy cores fall from 30 to 1.6 tokens/s."""


class ServerSupervisor:
    """Finds, starts and restarts the server of ``model``. Its methods block; any thread may call them."""

    def __init__(self, data_dir: Path, *, model: Path) -> None:
        mark = hashlib.sha256(os.fsencode(model)).hexdigest()[:8]
        self._model = model
        self._folder = data_dir.resolve() / "embedded" / f"{model.stem}-{mark}"
        self._record = self._folder / "server.json"
        self._users: FileLock | None = None
        self._mutex = threading.Lock()

    def alive(self) -> bool:
        """True if a server runs, be it still loading. Cheap; starts none."""
        return read_server(self._record) is not None

    def ensure(self) -> Server:
        """Return a server that answers, started if need be. Raise ``Unreachable`` if none can be started."""
        with self._mutex:
            if self._users is None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._users = FileLock(self._folder / "users.lock")
                self._users.acquire(shared=True)
            server = read_server(self._record)
            return server if server and _answers(server) else self._replace(server)

    def close(self) -> None:
        """Stop using the server, and end it unless another process uses it."""
        with self._mutex:
            if self._users is None:
                return
            users, self._users = self._users, None
            with closing(users):
                if users.acquire(wait=False) and (server := read_server(self._record)):
                    self._kill(server)

    def _replace(self, silent: Server | None) -> Server:
        """Start a server instead of ``silent``, which does not answer, unless another process is doing so."""
        starting = FileLock(self._folder / "start.lock")
        with closing(starting):
            starting.acquire()
            server = read_server(self._record)
            if server and server.ready:
                if server != silent and _answers(server):
                    return server
                self._kill(server)
                server = None
            return self._wait(None if server else self._start())

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "chat.providers.embedded.server.child", str(self._model), str(self._folder)]
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | THREADS_SLEEP
        with (self._folder / "server.log").open("wb") as log:
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # So that Ctrl-C in our terminal does not end it while runs are finishing.
                start_new_session=True,
            )
        threading.Thread(target=child.wait, name="reap the embedded model", daemon=True).start()
        return child

    def _wait(self, child: subprocess.Popen[bytes] | None) -> Server:
        """Wait for a server that answers, and return it. ``child`` is ours, None if another process started it.

        Raise ``Unreachable``.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            server = read_server(self._record)
            if server and server.ready and _answers(server):
                return server
            if child and child.poll() is not None:
                raise Unreachable(f"The embedded model did not start: {self._complaint(child.returncode)}")
            time.sleep(POLL_SECONDS)
        if server := read_server(self._record):
            self._kill(server)
        raise Unreachable(f"The embedded model did not start within {START_SECONDS:.0f} seconds.")

    def _kill(self, server: Server) -> None:
        with suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGKILL)
        deadline = time.monotonic() + ANSWER_SECONDS
        while read_server(self._record) == server and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def _complaint(self, code: int) -> str:
        if code == -signal.SIGILL:
            return "this processor lacks instructions that it needs (AVX2)."
        lines = (self._folder / "server.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with code {code}."


def _answers(server: Server) -> bool:
    address = urlsplit(server.base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=ANSWER_SECONDS)
    with closing(connection):
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
