"""A growing matrix in a file without a name: the kernel may drop its pages, and nothing of it stays on the disk."""

from __future__ import annotations

import tempfile
import weakref
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_LEAST_ROWS = 256
"""Rows that are mapped at first."""


class MatrixFile:
    """float32 rows of ``width``, for one thread at a time; the arrays that ``rows`` returned may be read meanwhile."""

    def __init__(self, folder: Path, *, width: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.width = width
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 (closed with the object)
        weakref.finalize(self, self._file.close)
        self._count = 0
        self._mapped: NDArray[np.float32] = np.empty((0, width), np.float32)

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add ``rows``. Raise ``OSError`` if the disk is full."""
        # Written, not mapped: in mapped memory a full disk would be a bus error.
        self._file.seek(self._count * self.width * 4)
        rest = memoryview(rows.astype("<f4").tobytes())
        while rest:
            rest = rest[self._file.write(rest) :]
        self._count += len(rows)

    def __len__(self) -> int:
        return self._count

    def rows(self) -> NDArray[np.float32]:
        """Return all rows, read from the file when they are used."""
        if self._count > len(self._mapped):
            capacity = max(_LEAST_ROWS, 2 * self._count)
            self._file.truncate(capacity * self.width * 4)
            self._mapped = np.memmap(self._file, np.float32, "r", shape=(capacity, self.width))
        return self._mapped[: self._count]
