"""The file by which processes find the server: JSON, of mode 0600, locked by the server as long as it lives.

The lock proves that the server lives; a process id alone could be another process's by now.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from chat.providers.embedded.file_lock import FileLock

LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Server:
    """A living server. While it loads, ``base_url`` and ``key`` are empty."""

    pid: int
    base_url: str = ""
    key: str = ""

    @property
    def ready(self) -> bool:
        """True once it listens."""
        return bool(self.base_url)


def write_server(record: FileLock, server: Server) -> None:
    """Write the file through the lock that the server has on it."""
    os.truncate(record.descriptor, 0)
    os.pwrite(record.descriptor, json.dumps(asdict(server)).encode(), 0)


def read_server(path: Path) -> Server | None:
    """Return the living server whose file is ``path``, or None."""
    if not path.exists():
        return None
    record = FileLock(path)
    try:
        if record.acquire(shared=True, wait=False):
            # Not locked: the server that wrote it is dead.
            return None
        text = os.pread(record.descriptor, LONGEST, 0)
    finally:
        record.close()
    try:
        return Server(**json.loads(text))
    except ValueError:
        # The server has locked its file a moment ago, and not written it yet.
        return None
