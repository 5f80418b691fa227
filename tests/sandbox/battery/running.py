"""Runs attempts and says which got anywhere. As a program: jobs as JSON on standard input, results on output."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
import venv
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chat.sandbox.errors import SandboxError
from chat.sandbox.sessions.session import Session
from chat.sandbox.sessions.zygote import Zygote
from chat.sandbox.values import Limits, Outcome, Tier
from tests.sandbox.battery import answers, endings, files, inside, limits, processes, surface, weakened
from tests.sandbox.battery.ground import Ground
from tests.sandbox.battery.rows import DONE, LIMITS, ROWS, Row

ALL = (files, processes, surface, limits, answers, endings)
NOTHING = Outcome("ok", "", (), "", 0.0)
FIRST_UID = 61_700
TEXT = "everthread = True\n"
NO_THREAD = "can't start new thread"
TRIES = 4


@dataclass(frozen=True)
class Job:
    """``without``: the layers, or the one check of the host, that the sessions lack. ``rows``: their names, or all."""

    name: str
    tier: Tier
    abi: int | None = None
    without: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


@dataclass
class Field:
    """One job while it runs. ``home``: where a session without namespaces has its files."""

    job: Job
    ground: Ground
    base: Path
    python: Path
    uid: int | None
    zygote: Zygote
    other: Session
    made: int = 0
    home: Path = Path()
    _session: Session | None = None
    outcome: Outcome = NOTHING
    descriptors: int = 0
    family: list[int] = field(default_factory=list)

    @property
    def tier(self) -> Tier:
        return self.job.tier

    @property
    def limits(self) -> Limits:
        return weakened.limits(LIMITS, "".join(self.job.without))

    @property
    def session(self) -> Session:
        assert self._session is not None
        return self._session

    @property
    def module(self) -> Path:
        return next(self.python.glob("lib/python*/site-packages")) / "canary.py"

    @property
    def text(self) -> str:
        return TEXT

    def start(self, zygote: Zygote | None = None) -> Session:
        self.made += 1
        self.home = self.base / "sessions" / f"{self.job.name.replace(' ', '-')}-{self.made}"
        kind = weakened.session_class("".join(self.job.without))
        return kind(zygote or self.zygote, self.tier, folder=self.home, limits=self.limits, uid=self.uid)

    def start_zygote(self) -> Zygote:
        return start_zygote(self.python, self.base, self.job)

    def family_of(self, session: Session) -> list[int]:
        """The session and, in namespaces, the process that waits for it outside."""
        parent = int(Path(f"/proc/{session.pid}/stat").read_text().rpartition(")")[2].split()[1])
        return [session.pid, *([parent] if self.tier == "ns" and parent != self.zygote.pid else [])]

    def fresh(self) -> Session:
        self.drop()
        self._session = self.start()
        outcome = self._session.run(self._prelude())
        assert outcome.status == "ok", outcome
        self.family = self.family_of(self._session)
        return self._session

    def drop(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = None

    def current(self, row: Row) -> Session:
        return self.fresh() if row.alone or self._session is None or self._session.ended else self._session

    def _prelude(self) -> str:
        facts = {
            **self.ground.facts(),
            "tier": self.tier,
            "has own user": self.uid is not None,
            "strangers": [self.ground.victim.pid, os.getpid(), self.zygote.pid, *self.family_of(self.other)],
            "sessions": str(self.base / "sessions"),
            "other folder": str(self.base / "sessions" / "other"),
            "prefix": str(self.python),
            "base": sys.base_prefix,
            "interpreter": str(self.python / "bin" / "python"),
            "module": str(self.module),
        }
        imports = "import ctypes, fcntl, gc, mmap, random, resource, signal, socket, tempfile, threading, time, zipfile"
        more = "import array, urllib.request\nfrom pathlib import Path\nMB = 1 << 20"
        text = Path(inside.__file__).read_text().replace("FACTS: dict = {}", f"FACTS = {facts!r}")
        return f"{text}\n{imports}\n{more}\n"


def run(job: Job, *, base: Path, python: Path, ground: Ground, uid: int | None) -> dict[str, Any]:
    """Problems by the name of the row, empty where an attempt got nowhere; or why no session starts."""
    with ExitStack() as held:
        try:
            zygote = held.enter_context(closing(start_zygote(python, base, job)))
            folder = base / "sessions" / "other"
            other_uid = None if uid is None else uid + 1
            other = Session(zygote, job.tier, folder=folder, limits=LIMITS, uid=other_uid)
            held.callback(other.close)
            field_ = Field(job, ground, base, python, uid, zygote, other)
            held.callback(field_.drop)
            other.put("private.txt", ground.secret.encode())
            other.run(f"mine = {{'everthread_canary': {ground.secret!r}}}")
            field_.fresh()
        except (SandboxError, OSError) as error:
            return {"refused": str(error)}
        held.enter_context(weakened.unchecked("".join(job.without)))
        rows = [ROWS[name] for name in job.rows or ROWS]
        return {"rows": {row.name: tried(row, field_) for row in rows if job.tier in row.tiers}}


def tried(row: Row, field_: Field) -> str:
    """As ``problem``. All sessions of a job have one user here, and the kernel may for a moment still count the threads
    of one that has just ended: an attempt that got no thread has shown nothing, and is made again.
    """
    for _time in range(TRIES - 1):
        found = problem(row, field_)
        if NO_THREAD not in found:
            return found
        field_.drop()
        time.sleep(1)
    return problem(row, field_)


def problem(row: Row, field_: Field) -> str:
    session = field_.current(row)
    field_.descriptors = len(os.listdir("/proc/self/fd"))
    stop = threading.Event() if row.stopped else None
    timer = threading.Timer(0.2, stop.set) if stop else None
    if timer:
        timer.start()
    outcome = field_.outcome = session.run(row.code, seconds=row.seconds, stop=stop)
    if timer:
        timer.cancel()
    try:
        found = [*_escapes(row, outcome, field_.ground), field_.ground.harm(), row.check(field_)]
    except Exception as error:
        found = [f"the host stumbled: {type(error).__name__}: {error}"]
    if row.alone:
        field_.drop()
    return "; ".join(one for one in found if one)


def _escapes(row: Row, outcome: Outcome, ground: Ground) -> list[str]:
    found = [line for line in outcome.logs.splitlines() if line.startswith("ESCAPED")][:5]
    if ground.secret in outcome.logs:
        found.append("the secret was read")
    if outcome.status == "died" and not row.dies:
        found.append(f"the session died: {outcome.reason}")
    if outcome.status == "error" or (outcome.status == "ok" and not row.dies and DONE not in outcome.logs):
        found.append(f"the attempt did not come to its end: {outcome.logs[-600:]}")
    return found


def start_zygote(python: Path, base: Path, job: Job) -> Zygote:
    told = json.dumps({"without": job.without, "abi": job.abi})
    command = (weakened.MODULE, told)
    return Zygote(python / "bin" / "python", folder=base / "caches", preload=(), command=command)


def make_python(base: Path) -> Path:
    """An environment without libraries, which belongs to the user whom we run as."""
    folder = base / "python"
    venv.create(folder, symlinks=True, with_pip=False)
    module = next(folder.glob("lib/python*/site-packages")) / "canary.py"
    module.write_text(TEXT)
    module.chmod(0o644)
    return folder


def main() -> None:
    jobs = [
        Job(**{**job, "without": tuple(job["without"]), "rows": tuple(job["rows"])}) for job in json.load(sys.stdin)
    ]
    # What a user may have of threads is counted for all who share it, and others may run their attempts just now.
    uid = FIRST_UID + 2 * (os.getpid() % 1000) if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="everthread-battery-", ignore_cleanup_errors=True) as folder:
        base = Path(folder)
        base.chmod(0o711)
        (base / "sessions").mkdir(mode=0o711)
        python = make_python(base)
        results = {}
        for number, job in enumerate(jobs):
            with closing(Ground(base / f"ground-{number}", uid=uid)) as ground:
                results[job.name] = run(job, base=base, python=python, ground=ground, uid=uid)
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
