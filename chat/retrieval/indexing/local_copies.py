"""Copies on this machine of stored files that are kept elsewhere, for as long as they are read."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chat.models import File

PREFIX = "everthread-copy-"
AGE = 60.0  # seconds; a younger one may not be locked yet


@contextmanager
def local_copy(file: File) -> Iterator[Path]:
    """Yield the path of the bytes of ``file`` on this machine; of a temporary copy if its storage keeps them elsewhere.

    Raise ``OSError`` if the bytes cannot be read.
    """
    try:
        path = Path(file.content.path)
    except NotImplementedError:  # the storage has no paths
        path = None
    # A storage in memory has paths too, but no files at them.
    if path is not None and path.exists():
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix=PREFIX) as copy:
        fcntl.flock(copy, fcntl.LOCK_EX)  # until it is closed, or this process dies
        with file.content.open("rb") as content:
            shutil.copyfileobj(content, copy)
        copy.flush()
        yield Path(copy.name)


def sweep() -> None:
    """Remove the copies that killed processes left behind, of whatever installation of this user."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError), path.open("rb") as copy:  # it is locked, gone, or another user's
            fcntl.flock(copy, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.time() - path.stat().st_mtime > AGE:
                path.unlink()
