"""The data folder: that it is private, can be written to, and is whole."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

OTHERS = 0o077  # what others than the owner may do
PASS = 0o011  # go through a folder, without reading it
SANDBOX = "sandbox"  # its folder has modes of its own, since sessions may have other users
STORED = ("files", "uploads")
PROBE = 64 * 1024  # bytes that a disk must take to count as one that is not full
LARGEST_CHECKED = 512 * 1024**2  # bytes of a database that is read whole at the start, some seconds at most
DAMAGED = (
    "The database {name} is damaged: {error}. Stop everything that uses it and put back a backup; without one, rescue"
    " what is left with: sqlite3 {name} .recover | sqlite3 rescued.sqlite3"
)
EMPTY = (
    "The database {name} is empty or missing, but there are stored files in {folder}: this is no new installation. Put"
    " the database back, from a backup perhaps. To begin anew all the same, move these files away first."
)
UNREACHABLE = (
    "PostgreSQL at {host}:{port} cannot be used: {error}. See that it runs there, and that DATABASE_URL has the right"
    " address, name and password; what the log says above tells more."
)
SENTENCES = {
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_CANTOPEN: "The database {name} cannot be opened. Its folder must exist and be writable.",
    sqlite3.SQLITE_READONLY: "The database {name} cannot be written to. Give the server's user the right to.",
    sqlite3.SQLITE_FULL: "The disk of the database {name} is full. Free some space and start again.",
}


def folder_mode() -> int:
    """Return the mode that the data folder should have."""
    # Sessions of a sandbox that root starts have users of their own, who pass through to their files.
    is_passed = os.geteuid() == 0 and settings.EVERTHREAD_SANDBOX != "off" and not settings.EVERTHREAD_SANDBOX_SOCKET
    return 0o711 if is_passed else 0o700


def exposed_paths() -> list[Path]:
    """Return what of the data others may get at: the folder, the database, the secret, the folders of files."""
    folder = settings.EVERTHREAD_DATA_DIR
    paths = [*_database_files(), folder / "secret_key", *(folder / name for name in STORED)]
    exposed = [path for path in paths if path.exists() and path.stat().st_mode & OTHERS]
    return [folder, *exposed] if folder.stat().st_mode & OTHERS & ~PASS else exposed


def make_private() -> None:
    """Take the data folder and all in it from others than its owner. What belongs to somebody else stays as it is."""
    folder: Path = settings.EVERTHREAD_DATA_DIR
    with suppress(PermissionError):
        folder.chmod(folder_mode())
    for path in [*_database_files(), *_paths_in(folder)]:
        with suppress(FileNotFoundError, PermissionError):
            if (mode := path.lstat().st_mode) & OTHERS and not path.is_symlink():
                path.chmod(mode & 0o700)


def _paths_in(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        if Path(parent) == folder and SANDBOX in folders:
            folders.remove(SANDBOX)
        yield from (Path(parent, name) for name in (*folders, *names))


def _database_files() -> list[Path]:
    """Return the files of an SQLite database, wherever they are."""
    if connection.vendor != "sqlite":
        return []
    name = str(connection.settings_dict["NAME"])
    return [path for suffix in ("", "-wal", "-shm", "-journal") if (path := Path(name + suffix)).exists()]


def check_writable() -> None:
    """Raise ``OSError`` if the disk of the data folder or of the database takes nothing more."""
    for folder in {settings.EVERTHREAD_DATA_DIR, *(path.parent for path in _database_files())}:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(PROBE))


def problem_at_start() -> str:
    """Return why the server must not start with this data, and what to do; "" if it may."""
    name, folder = connection.settings_dict["NAME"], settings.EVERTHREAD_DATA_DIR
    if not MigrationRecorder(connection).has_table():
        return EMPTY.format(name=name, folder=folder) if has_stored_files() else ""
    if connection.vendor != "sqlite" or Path(name).stat().st_size > LARGEST_CHECKED:
        return ""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA quick_check(1)")
        (verdict,) = cursor.fetchone()
    return "" if verdict == "ok" else DAMAGED.format(name=name, error=verdict)


def has_stored_files() -> bool:
    folder = settings.EVERTHREAD_DATA_DIR
    return any(names for stored in STORED for _parent, _folders, names in os.walk(folder / stored))


def problem_of(error: DatabaseError) -> str:
    """Return what is wrong with the database and what to do, or "" if the error is another's fault."""
    database = connection.settings_dict
    if connection.vendor == "postgresql" and isinstance(error, OperationalError):
        return UNREACHABLE.format(host=database["HOST"] or "localhost", port=database["PORT"] or 5432, error=error)
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    sentence = SENTENCES.get(code & 0xFF, "") if code else ""  # the rest of a code says more than we need
    return sentence.format(name=database["NAME"], error=error)
