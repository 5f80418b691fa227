"""Another process on the test's database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from django.db import connection


def database_url() -> str:
    """Return the address of the test's database, from which the other process reads its settings."""
    name = quote(str(connection.settings_dict["NAME"]))
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@contextmanager
def worker_elsewhere(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process; killed at the end, if not before."""
    environment = {**os.environ, "DATABASE_URL": database_url()}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    process = subprocess.Popen([sys.executable, "-m", "tests.engine.lone_worker", str(folder)], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
