"""A growing matrix in a file without a name: its pages are the kernel's to drop, and nothing stays behind of it."""

from __future__ import annotations

import tempfile
import weakref
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_LEAST = 256
"""Rows that are mapped at first."""


class Rows:
    """float32 rows of ``width``. Not for several threads at once, but what ``all`` gave may be read while it grows."""

    def __init__(self, folder: Path, *, width: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.width = width
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 (closed with the object)
        weakref.finalize(self, self._file.close)
        self._count = 0
        self._mapped: NDArray[np.float32] = np.empty((0, width), np.float32)

    def append(self, rows: NDArray[np.float32]) -> None:
        """Raises ``OSError`` if the disk is full: written, not mapped, so that this is no bus error."""
        self._file.seek(self._count * self.width * 4)
        left = memoryview(rows.astype("<f4").tobytes())
        while left:
            left = left[self._file.write(left) :]
        self._count += len(rows)

    def __len__(self) -> int:
        return self._count

    def all(self) -> NDArray[np.float32]:
        """The rows so far, read from the file as they are needed."""
        if self._count > len(self._mapped):
            capacity = max(_LEAST, 2 * self._count)
            self._file.truncate(capacity * self.width * 4)
            self._mapped = np.memmap(self._file, np.float32, "r", shape=(capacity, self.width))
        return self._mapped[: self._count]
