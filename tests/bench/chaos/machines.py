"""Two machines with a server, a worker and a sandbox each, what they share, and what can befall all of it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

from tests.live import MIGRATE, ROOT, SET_UP, START, LiveServer
from tests.postgres import new_database, postgres, restart, terminate_all
from tests.redis_server import RedisServer, redis_server
from tests.s3 import KEYS, s3

DATABASE = "everthread"
AWAY = (0.2, 2.0)  # seconds that what was ended is away, at least and at most
PAUSED = 5.0  # seconds that Redis hangs
ONLY_MIGRATE = MIGRATE[: MIGRATE.index("Provider.objects")]


class Machine:
    """A server without workers and a worker, with a data folder of their own."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.worker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.server.start()
        self.start_worker()

    def start_worker(self) -> None:
        """Start the worker and wait until it claims rows."""
        ready = self.server.data_dir / "ready"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "manage.py", "work", "--ready-file", str(ready)]
        with (self.server.data_dir / "work.log").open("ab") as log:
            self.worker = subprocess.Popen(command, cwd=ROOT, env=self.server.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START
        while not ready.exists():
            if self.worker.poll() is not None:  # the database was away just then: as a service manager would
                self.start_worker()
                return
            assert time.monotonic() < deadline, "the worker is not ready"
            time.sleep(0.1)

    def restart_server(self, number: int, away: float) -> None:
        assert self.server.process is not None
        _end(self.server.process, number)
        time.sleep(away)
        self.server.start()

    def restart_worker(self, number: int, away: float) -> None:
        assert self.worker is not None
        _end(self.worker, number)
        time.sleep(away)
        self.start_worker()

    def kill_broker(self) -> None:
        """Kill the broker of the worker's sandbox, which the worker starts again."""
        assert self.worker is not None
        with suppress(psutil.Error):
            for process in psutil.Process(self.worker.pid).children():
                if "chat.sandbox.broker" in " ".join(process.cmdline()):
                    process.kill()

    def stop(self) -> None:
        for process in (self.worker, self.server.process):
            if process is not None and process.poll() is None:
                _end(process, signal.SIGTERM)


def _end(process: subprocess.Popen[bytes], number: int) -> None:
    process.send_signal(number)
    try:
        process.wait(START)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


class Cluster:
    """The machines, the services that they share, and the ``faults`` by name."""

    def __init__(self, machines: list[Machine], *, address: str, redis: RedisServer, dice: random.Random) -> None:
        self.machines, self.address, self.redis, self.dice = machines, address, redis, dice
        self.faults: dict[str, Callable[[], None]] = {
            "server killed": lambda: self._any().restart_server(signal.SIGKILL, self._away()),
            "server terminated": lambda: self._any().restart_server(signal.SIGTERM, self._away()),
            "worker killed": lambda: self._any().restart_worker(signal.SIGKILL, self._away()),
            "worker terminated": lambda: self._any().restart_worker(signal.SIGTERM, self._away()),
            "broker killed": lambda: self._any().kill_broker(),
            "redis killed": self._restart_redis,
            "redis paused": self._pause_redis,
            "backends terminated": self._terminate_backends,
            "postgres restarted": lambda: restart(self.address),
        }

    def _any(self) -> Machine:
        return self.dice.choice(self.machines)

    def _away(self) -> float:
        return self.dice.uniform(*AWAY)

    def _terminate_backends(self) -> None:
        terminate_all(self.address, DATABASE)

    def _restart_redis(self) -> None:
        self.redis.stop()
        time.sleep(self._away())
        self.redis.start()

    def _pause_redis(self) -> None:
        assert self.redis.process is not None
        self.redis.process.send_signal(signal.SIGSTOP)
        time.sleep(PAUSED)
        self.redis.process.send_signal(signal.SIGCONT)


@contextmanager
def cluster(folder: Path, *, model: str, sandbox: str, dice: random.Random) -> Iterator[Cluster]:
    """Yield the running machines, each with a data folder in ``folder``; ``model`` is the base URL of their model."""
    os.environ["CI"] = "true"  # started by root the PostgreSQL of tests adds a user
    with ExitStack() as services:
        address = services.enter_context(postgres())
        redis = services.enter_context(redis_server())
        shared = {
            "DATABASE_URL": new_database(address, DATABASE),
            "REDIS_URL": redis.url,
            "EVERTHREAD_STORAGE_URL": services.enter_context(s3()),
            "DJANGO_SECRET_KEY": "of all machines",
            "EVERTHREAD_WORKERS": "false",
            "EVERTHREAD_REQUESTS_PER_MINUTE": "0",
            "EVERTHREAD_MAX_RUNS": "32",
            "EVERTHREAD_SANDBOX": sandbox,
            "OPENAI_BASE_URL": model,
            "OPENAI_API_KEY": "any",
            **KEYS,
        }
        machines = []
        for name in ("first", "second"):
            (folder / name).mkdir()
            machines.append(Machine(LiveServer(folder / name, **shared)))
        key = machines[0].server.shell(ONLY_MIGRATE + SET_UP).strip().splitlines()[-1]
        for machine in machines:
            machine.server.key = key
        try:
            for machine in machines:
                machine.start()
            yield Cluster(machines, address=address, redis=redis, dice=dice)
        finally:
            for machine in machines:
                machine.stop()
