"""A lock between processes, kept by an open file, so that the kernel frees it however a process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FileLock:
    """A ``flock`` on ``path``, which is made with mode 0600 if absent and never removed.

    Two ``FileLock`` objects exclude each other in one process too. A forked process that does not ``exec`` shares the
    lock, one that does has none.
    """

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def acquire(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Return True once the lock is ours; False if another has it and ``wait`` is false."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(self.descriptor, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Free the lock. Call it once only."""
        # A second call could close another file that has the number by then.
        os.close(self.descriptor)
