"""What the probe says of a machine."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from chat.sandbox.sessions.probe import probe
from chat.sandbox.values import Tier
from tests.sandbox.conftest import UIDS

ROOT = Path(__file__).resolve().parents[3]


class TestTheProbe:
    def test_tries_one_if_the_settings_name_it(self, sandbox_python: Path, ground: Path, tier: Tier) -> None:
        report = probe(sandbox_python, folder=ground / "pinned", pinned=tier, uids=UIDS)

        (other,) = {"ns", "landlock"} - {tier}
        assert report.reasons[other] == "It was not tried: the settings name the other one."
        assert report.tier in {tier, None}
        assert (report.tier == tier) == (report.reasons[tier] == "OK")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root needs uids")
    def test_asks_for_uids(self, sandbox_python: Path, ground: Path) -> None:
        report = probe(sandbox_python, folder=ground / "none", uids=None)

        assert report.tier is None
        assert "EVERTHREAD_SANDBOX_UIDS" in report.reasons["ns"]

    def test_says_why_the_python_does_not_start(self, ground: Path) -> None:
        report = probe(Path("/bin/false"), folder=ground / "none", uids=UIDS)

        assert report.tier is None
        assert set(report.reasons.values()) == {"The sandbox's Python does not start: it ended"}

    def test_leaves_nothing_behind(self, sandbox_python: Path, ground: Path) -> None:
        probe(sandbox_python, folder=ground / "left", uids=UIDS)

        assert not (ground / "left").exists() or not list((ground / "left").iterdir())

    def test_refuses_where_the_kernel_gives_nothing(self, sandbox_python: Path, ground: Path) -> None:
        done = subprocess.run(
            [sandbox_python, "-B", "-c", _BARREN, sandbox_python, ground / "barren", str(UIDS[-3])],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

        report = json.loads(done.stdout)
        assert report["tier"] is None
        assert "namespace: Operation not permitted" in report["reasons"]["ns"]
        assert report["reasons"]["landlock"] == "Landlock is not available in this kernel"


_BARREN = """
import dataclasses, errno, json, struct, sys
from pathlib import Path
from chat.sandbox.isolation import kernel
from chat.sandbox.isolation import privileges
from chat.sandbox.isolation import seccomp
from chat.sandbox.sessions.probe import probe

unshare = 272 if kernel.ARCHITECTURE == "x86_64" else 97
refusals = ((unshare, errno.EPERM), (444, errno.ENOSYS), (445, errno.ENOSYS), (446, errno.ENOSYS))
step = lambda code, value, yes=0, no=0: struct.pack("=HBBI", code, yes, no, value)
program = step(0x20, 0)
for number, error in refusals:
    program += step(0x15, number, 0, 1) + step(0x06, 0x50000 | error)
privileges.give_up_new_privileges()
seccomp.install(program + step(0x06, 0x7FFF0000))
python, folder, uid = sys.argv[1:]
report = probe(Path(python), folder=Path(folder), uids=range(int(uid), int(uid) + 1))
print(json.dumps(dataclasses.asdict(report)))
"""
