"""Tests of what the databases do differently, once more on PostgreSQL: queries, locks, indexes, what queries cost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres import new_database, postgres

pytestmark = pytest.mark.slow
FOLDERS = (
    "tests/growth",
    "tests/models",
    "tests/actions/conversation",
    "tests/actions/knowledge",
    "tests/retrieval/search",
    "tests/retrieval/keywords",
    "tests/retrieval/vectors",
    # Not the workers: their tests have more threads than the pool has connections, or a server with SQLite.
    "tests/retrieval/indexing/test_index_file.py",
    "tests/retrieval/indexing/test_passage_rows.py",
)


def test_pass_on_postgres(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", *FOLDERS, "-q", "-n", "0", "-p", "no:cacheprovider"]
    with postgres() as server:
        environment = {**os.environ, "DATABASE_URL": new_database(server, "everthread")}
        ran = subprocess.run(
            [*command, "--basetemp", tmp_path / "tests"], env=environment, capture_output=True, text=True
        )
    assert ran.returncode == 0, ran.stdout
