"""A wrong setting stops whatever reads the settings: one line that says how to write it, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("command", [["manage.py", "serve"], ["-m", "pytest", "tests/config"]], ids=["serve", "pytest"])
def test_a_database_without_a_scheme_stops_with_one_line(command: list[str]) -> None:
    environment = {**os.environ, "DATABASE_URL": "test_postgres"}
    stopped = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert stopped.returncode == 1
    assert stopped.stdout == ""
    assert stopped.stderr == (
        "DATABASE_URL is not the address of a database that Everthread can use."
        " Set it to one, such as postgres://user:password@host:5432/name or sqlite:////folder/file.\n"
    )
    assert not (ROOT / "test_postgres").exists()


def test_a_command_starts_without_the_sdk_that_only_answers_need() -> None:
    """To import it takes longer than all of the rest."""
    code = "import django, sys; django.setup(); import config.routing; print('openai' in sys.modules)"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    output = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=environment, text=True)
    assert output == "False\n"
