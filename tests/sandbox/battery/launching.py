"""Starts the battery as the user that it is meant for. Only this module runs in the tests' own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import pytest

from chat.sandbox.environment.build import is_for_everyone
from tests.sandbox.battery.running import Job
from tests.sandbox.python import not_here

User = Literal["root", "ordinary"]
ROOT = Path(__file__).resolve().parents[3]
ORDINARY_UID = 61_199
AT_ONCE = 4


def users() -> tuple[User, ...]:
    """Whom we can be."""
    return ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",)


class Batteries:
    """Jobs that run side by side, and what came of them."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._running: dict[str, Future[dict[str, Any]]] = {}

    def start(self, jobs: Sequence[Job], *, user: User) -> None:
        future = self._pool.submit(_run, jobs, user)
        self._running |= {f"{user} {job.name}": future for job in jobs}

    def result(self, name: str, *, user: User) -> dict[str, Any]:
        """Skips or fails the test where there is no Python that every user may read."""
        if user not in users():
            pytest.skip("only root can be another user")
        if _python(user) is None:
            not_here("there is no Python 3.11 that every user may read, or the project's folder is closed to others")
        return self._running[f"{user} {name}"].result()[name]

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def _run(jobs: Sequence[Job], user: User) -> dict[str, Any]:
    python = _python(user)
    if user not in users() or python is None:
        return {}
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0 and user == "ordinary":
        as_user = {"user": ORDINARY_UID, "group": ORDINARY_UID, "extra_groups": []}
    done = subprocess.run(
        [python, "-B", "-m", "tests.sandbox.battery.running"],
        input=json.dumps([asdict(job) for job in jobs]),
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        text=True,
        capture_output=True,
        check=False,
        **as_user,
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, Any] = json.loads(done.stdout)
    return results


def _python(user: User) -> str | None:
    """As root sessions become other users, and so they need a Python that others may read just as well."""
    ours = Path(sys.base_prefix, "bin", "python3")
    if os.geteuid():
        return str(ours)
    for python in (ours, Path("/usr/bin/python3")):
        if _is_new_enough(python) and is_for_everyone(python) and _is_open(ROOT):
            return str(python)
    return None


def _is_open(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


def _is_new_enough(python: Path) -> bool:
    if not python.exists():
        return False
    told = subprocess.run(
        [python, "-c", "import sys; print(sys.version_info >= (3, 11))"], capture_output=True, text=True
    )
    return told.stdout.strip() == "True"
