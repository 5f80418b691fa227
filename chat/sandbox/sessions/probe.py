"""Finds the tiers of isolation that work here, by a cell in a session of each."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from chat.sandbox.errors import SandboxError
from chat.sandbox.isolation import kernel, landlock
from chat.sandbox.sessions.session import Session
from chat.sandbox.sessions.zygote import Zygote
from chat.sandbox.values import Limits, Tier

OK = "OK"
NOT_LINUX = "It needs Linux."
NOT_KNOWN = "It needs an x86_64 or aarch64 processor."
NOT_TRIED = "It was not tried: the settings name the other one."
NO_UIDS = "Started as root, it needs a range of uids: set EVERTHREAD_SANDBOX_UIDS."

_CELL = """
import os, socket, wave

def does(name, attempt):
    try:
        attempt()
    except OSError:
        return []
    return [name]

print(
    *does("opens a socket", lambda: socket.socket()),
    *does("starts a process", lambda: os.fork()),
    *does("reads the accounts", lambda: open("/etc/shadow").read()),
    *does("writes anywhere", lambda: open("/etc/everthread", "w").write("x")),
    sep=", ",
)
with open("/mnt/data/file", "w") as file:
    file.write("kept")
assert open(os.path.abspath("file")).read() == "kept"
"""


@dataclass(frozen=True, slots=True)
class Report:
    """``tier``: the best that works, or None. ``reasons``: for each tier "OK", or why not. ``abi``: of Landlock."""

    tier: Tier | None
    reasons: dict[str, str]
    abi: int = field(default_factory=landlock.version)
    architecture: str = kernel.ARCHITECTURE
    kernel: str = field(default_factory=lambda: os.uname().release)
    uid: int = field(default_factory=os.geteuid)


def probe(python: Path, *, folder: Path, pinned: Tier | None = None, uids: range | None = None) -> Report:
    """Try each tier, or the one that is ``pinned``, with ``python``. ``folder``: where the sessions' files will lie."""
    results = dict(_results(python, folder, [pinned] if pinned else list(get_args(Tier)), uids))
    working = [tier for tier, reason in results.items() if reason == OK]
    reasons = {tier: results.get(tier, NOT_TRIED) for tier in get_args(Tier)}
    return Report(tier=working[0] if working else None, reasons=reasons)


def _results(python: Path, folder: Path, tiers: list[Tier], uids: range | None) -> Iterator[tuple[Tier, str]]:
    if obstacle := _obstacle(uids):
        yield from ((tier, obstacle) for tier in tiers)
        return
    with tempfile.TemporaryDirectory() as caches:
        try:
            zygote = Zygote(python, folder=Path(caches), preload=())
        except SandboxError as error:
            yield from ((tier, error.message) for tier in tiers)
            return
        with closing(zygote):
            yield from ((tier, _result(zygote, tier, folder, uids)) for tier in tiers)


def _obstacle(uids: range | None) -> str:
    if sys.platform != "linux":
        return NOT_LINUX
    if not kernel.ARCHITECTURE:
        return NOT_KNOWN
    return NO_UIDS if os.geteuid() == 0 and not uids else ""


def _result(zygote: Zygote, tier: Tier, folder: Path, uids: range | None) -> str:
    try:
        with closing(_session(zygote, tier, folder, uids)) as session:
            outcome = session.run(_CELL)
            output = outcome.logs.strip()
            if outcome.status == "ok":
                return f"A cell {output}." if output else OK
            return f"A cell could not do its work: {(output or outcome.reason).splitlines()[-1]}"
    except SandboxError as error:
        return error.message
    except OSError as error:
        return str(error)


def _session(zygote: Zygote, tier: Tier, folder: Path, uids: range | None) -> Session:
    limits = Limits(seconds=20)
    uid = uids[-1] if uids and os.geteuid() == 0 else None
    return Session(zygote, tier, folder=folder / f"probe-{os.getpid()}-{tier}", limits=limits, uid=uid)
