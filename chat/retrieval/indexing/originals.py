"""The bytes of a file, on a disk of this machine."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat.models import File


@contextmanager
def on_disk(file: File) -> Iterator[Path]:
    """Where the bytes of ``file`` lie; a temporary copy if its storage keeps them elsewhere. Raises ``OSError``."""
    if path := _path(file):
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="everthread-") as copy:
        with file.content.open("rb") as content:
            shutil.copyfileobj(content, copy)
        copy.flush()
        yield Path(copy.name)


def _path(file: File) -> Path | None:
    try:
        path = Path(file.content.path)
    except NotImplementedError:
        return None
    return path if path.exists() else None  # a storage in memory has paths too, but nothing lies there


def digest(path: Path) -> str:
    """The SHA-256 of the file at ``path``, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
