from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.sandbox.broker.orphans import ProcessRecord, remove_folders

SLEEPING = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEPING) as process:
        yield process
        process.kill()


class TestTheRecordOfProcesses:
    def test_has_those_ended_that_an_earlier_broker_left(
        self, tmp_path: Path, sleeper: subprocess.Popen[bytes]
    ) -> None:
        ProcessRecord(tmp_path).add(sleeper.pid)
        assert ProcessRecord(tmp_path).sweep() == 1
        assert sleeper.wait(30) == -9
        assert list(tmp_path.iterdir()) == []

    def test_spares_another_process_that_was_given_the_number(
        self, tmp_path: Path, sleeper: subprocess.Popen[bytes]
    ) -> None:
        ProcessRecord(tmp_path).add(sleeper.pid)
        (name,) = tmp_path.iterdir()
        pid, start, boot = name.name.split("-")
        name.rename(tmp_path / f"{pid}-{int(start) - 1}-{boot}")
        assert ProcessRecord(tmp_path).sweep() == 0
        assert sleeper.poll() is None
        assert list(tmp_path.iterdir()) == []

    def test_forgets_those_that_ended_in_good_order(self, tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
        record = ProcessRecord(tmp_path)
        record.add(sleeper.pid)
        record.drop(sleeper.pid)
        assert ProcessRecord(tmp_path).sweep() == 0
        assert sleeper.poll() is None

    def test_survives_files_of_others(self, tmp_path: Path) -> None:
        (tmp_path / "notes").touch()
        (tmp_path / "-1-0-x").touch()
        assert ProcessRecord(tmp_path).sweep() == 0


class TestTheFoldersOfSessions:
    def test_are_emptied_whatever_code_did_to_them(self, tmp_path: Path) -> None:
        kept = tmp_path / "kept"
        kept.mkdir()
        (kept / "file").touch()
        locked = tmp_path / "sessions" / "one" / "data" / "locked"
        locked.mkdir(parents=True)
        (locked / "file").touch()
        (locked / "link").symlink_to(kept)
        os.chmod(locked, 0)
        remove_folders(tmp_path / "sessions")
        assert list((tmp_path / "sessions").iterdir()) == []
        assert (kept / "file").exists()
