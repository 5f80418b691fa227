"""The files below a folder that can be read, for ``manage.py ingest``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from chat.documents.formats import format_of
from chat.errors import Unreadable


def split_readable(paths: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Return the files at and below ``paths`` that can be read, and the others; each once, folders by name.

    In folders, names that begin with a dot are left out, and links to folders are not followed.
    """
    readable: dict[Path, None] = {}
    others: dict[Path, None] = {}
    for path in paths:
        for file in _files(path):
            (readable if _is_readable(file) else others).setdefault(file)
    return list(readable), list(others)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            if not name.startswith(".") and file.is_file():
                yield file


def _is_readable(path: Path) -> bool:
    try:
        format_of(path.name)
    except Unreadable:
        return False
    return True
