"""Another process on the test's database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection


@contextmanager
def worker_elsewhere(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process; killed at the end, if not before."""
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}"}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    process = subprocess.Popen([sys.executable, "-m", "tests.engine.lone_worker", str(folder)], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
