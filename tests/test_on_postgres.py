"""The quick tests of all rooms that ask the database, once more on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres import new_database, postgres

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
ROOMS = "actions admin api background config engine growth management models retrieval sockets tools web"


def test_pass_on_postgres(tmp_path: Path) -> None:
    folders = [f"tests/{room}" for room in ROOMS.split()]
    options = ["-q", "-m", "not slow", "-n", "0", "-p", "no:cacheprovider", "--basetemp", tmp_path / "tests"]
    with postgres() as server:
        environment = {**os.environ, "DATABASE_URL": new_database(server, "everthread")}
        # The server goes with its database, of which a connection may still be open.
        command = [sys.executable, "-m", "pytest", *folders, *options, "--reuse-db"]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
