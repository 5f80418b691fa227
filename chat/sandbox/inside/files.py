"""Reads and writes the files of a session from inside, so that nothing outside opens a path that a cell can write."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from chat.sandbox.protocol import CHUNK

MOST_FILES = 2000  # of a listing
MOST_LETTERS = 500_000  # of all names in a listing, in bytes as JSON: a header has a megabyte
LONGEST_NAME = 512  # bytes

NO_LINKS = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe would block


class BadName(ValueError):
    """Not the name of a file in the folder."""


class Files:
    """The files of ``folder``, which is ``/mnt/data``; names are paths from there. Raises ``BadName``, ``OSError``."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def put(self, name: str, offset: int, data: bytes) -> None:
        """Write ``data`` at ``offset``; 0 empties the file first. Make the folders it lies in."""
        path = self._path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | NO_LINKS | (0 if offset else os.O_TRUNC)
        with open(os.open(path, flags, 0o644), "wb", buffering=0) as file:
            file.seek(offset)
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]

    def get(self, name: str, offset: int) -> bytes:
        """Return at most ``CHUNK`` bytes from ``offset`` on; none at the end."""
        with open(os.open(self._path(name), os.O_RDONLY | NO_LINKS), "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BadName(f"{name!r} is not a file")
            return os.pread(file.fileno(), CHUNK, offset)

    def remove(self, name: str) -> None:
        """Remove the file."""
        os.unlink(self._path(name))

    def listing(self) -> list[list[str | int]]:
        """Return ``[name, size, modified]`` of regular files, no links, by name; at most ``MOST_FILES``."""
        rows: list[list[str | int]] = []
        letters = 0
        for name, status in self._regular():
            letters += 6 * len(name) + 50
            if len(rows) == MOST_FILES or letters > MOST_LETTERS:
                break
            rows.append([name, status.st_size, status.st_mtime_ns])
        return sorted(rows)

    def _regular(self) -> Iterator[tuple[str, os.stat_result]]:
        for folder, folders, names in os.walk(self.folder):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(names):
                path = os.path.join(folder, name)
                relative = os.path.relpath(path, self.folder)
                try:
                    status = os.lstat(path)
                except OSError:
                    # Gone this moment, or in a folder that may be read but not entered.
                    continue
                if stat.S_ISREG(status.st_mode) and _is_text(relative):
                    yield relative, status

    def _path(self, name: str) -> str:
        parts = name.split("/") if isinstance(name, str) else []
        if not parts or any(part in {"", ".", ".."} for part in parts) or "\0" in name or not _is_text(name):
            raise BadName(f"{name!r} is not the name of a file in /mnt/data")
        return os.path.join(self.folder, *parts)


def _is_text(name: str) -> bool:
    try:
        return len(name.encode()) <= LONGEST_NAME
    except UnicodeEncodeError:  # bytes that are no UTF-8
        return False
