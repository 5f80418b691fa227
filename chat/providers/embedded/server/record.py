"""The note by which processes find the server: a JSON file of mode 0600 that the server keeps locked while it lives.

The lock says whether there is a server, the text says where. A process id alone could be somebody else's by now.
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
        """Whether it listens."""
        return bool(self.base_url)


def write_server(record: FileLock, server: Server) -> None:
    """Write the note through the lock that the server holds."""
    os.truncate(record.descriptor, 0)
    os.pwrite(record.descriptor, json.dumps(asdict(server)).encode(), 0)


def read_server(path: Path) -> Server | None:
    """The living server that ``path`` tells of, or None."""
    if not path.exists():
        return None
    record = FileLock(path)
    try:
        if record.take(shared=True, wait=False):
            return None  # nobody holds it: whoever wrote it is dead
        text = os.pread(record.descriptor, LONGEST, 0)
    finally:
        record.close()
    try:
        return Server(**json.loads(text))
    except ValueError:
        return None  # locked a moment ago and not written yet
