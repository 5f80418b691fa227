"""Unix sockets at paths of any length: the kernel takes 107 bytes, and data folders may lie deep."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 107  # bytes: ``sun_path`` has 108 with the NUL


@contextmanager
def address(path: Path) -> Iterator[str]:
    """What to bind or connect to for the socket at ``path``; a long one is reached through its open folder."""
    if len(os.fsencode(path)) <= LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
