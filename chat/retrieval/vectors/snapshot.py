"""The vectors of the stores searched last, in the memory of this process; ``search`` compares queries with all of them.

The rows of ``Window`` are the truth. A snapshot is brought up to date when ``VectorStore.version`` has moved.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import QuerySet
from numpy.typing import NDArray

from chat.models import Passage, VectorStore, VectorStoreFile, Window
from chat.providers.embedded.embedder.built_in import PARTS, WIDTH
from chat.providers.int8_rows import Int8Rows
from chat.providers.sign_rows import SignRows

_LEAST_ROWS = 256
"""Rows that are mapped at first."""


class MatrixFile:
    """``Int8Rows`` and ``SignRows``, for one thread at a time; what was returned may be read meanwhile.

    The values of the first are in a file.
    """

    def __init__(self, folder: Path, *, parts: Sequence[int]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.parts = parts
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 (closed with the object)
        weakref.finalize(self, self._file.close)
        self.count = 0  # of rows
        self._scales: list[NDArray[np.float32]] = [np.empty((len(parts), 0), np.float32)]
        self._signs = [SignRows.of(np.empty((0, self.width), np.float32), parts=parts)]
        self._mapped: NDArray[np.int8] = np.empty((0, self.width), np.int8)

    @property
    def width(self) -> int:
        """The number of columns."""
        return sum(self.parts)

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add ``rows``. Raise ``OSError`` if the disk is full."""
        added = Int8Rows.of(rows, parts=self.parts)
        # Written, not mapped: in mapped memory a full disk would be a bus error.
        self._file.seek(self.count * self.width)
        rest = memoryview(added.values.tobytes())
        while rest:
            rest = rest[self._file.write(rest) :]
        self._scales.append(added.scales)
        self._signs.append(SignRows.of(rows, parts=self.parts))
        self.count += len(added)

    def rows(self) -> Int8Rows:
        """Return all rows, read from the file when they are used."""
        if self.count > len(self._mapped):
            capacity = max(_LEAST_ROWS, 2 * self.count)
            self._file.truncate(capacity * self.width)
            self._mapped = np.memmap(self._file, np.int8, "r", shape=(capacity, self.width))
        self._scales = [np.hstack(self._scales)]
        return Int8Rows(self._mapped[: self.count], self._scales[0], self.parts)

    def signs(self) -> SignRows:
        """Return the signs of all rows."""
        bits = [np.concatenate(part) for part in zip(*(signs.bits for signs in self._signs), strict=True)]
        self._signs = [SignRows(bits, self.parts)]
        return self._signs[0]


MOST_STORES = 64
"""Stores whose vectors are in memory."""

_ENTRIES = 200
"""Entries that are read in one query."""

logger = logging.getLogger(__name__)
_NO_ROWS = Int8Rows(np.zeros((0, 0), np.int8), np.zeros((0, 0), np.float32), ())

Ints = NDArray[np.int64]
Row = tuple[Any, ...]
EntryVersion = tuple[int, str]
"""The attempt at an entry, and the embedder that made its vectors; empty while not all are made."""


@dataclass(frozen=True, slots=True)
class EntryVectors:
    """The windows and passages of one entry.

    ``places`` are its windows' ranges of characters; their vectors are the matrix's rows from ``start``, unless
    ``has_vectors`` is false. ``keys`` are its passages', and ``ranges`` which windows they have: (from, to), from 0.
    """

    version: EntryVersion
    start: int
    has_vectors: bool
    places: Ints
    keys: Ints
    ranges: Ints


@dataclass(frozen=True, slots=True)
class StoreSnapshot:
    """A store at one instant.

    ``rows`` are the vectors of windows, and ``signs`` the same in short; None if these tell too little.
    ``keys``, ``entries`` and ``ranges`` have an element for each passage: its primary key, its entry's, and its
    windows, (from, to) in ``rows``, their vectors. Rows of entries that are gone may lie between. ``order`` sorts
    ``keys``.
    """

    rows: Int8Rows
    signs: SignRows | None
    keys: Ints
    entries: Ints
    ranges: Ints
    parts: Mapping[int, EntryVectors]
    order: Ints

    def positions(self, keys: Ints) -> Ints:
        """Return the positions of the passages with ``keys`` in the arrays; -1 for those that are not there."""
        if not len(self.keys):
            return np.full(len(keys), -1)
        places = np.searchsorted(self.keys, keys, sorter=self.order)
        positions = self.order[np.minimum(places, len(self.keys) - 1)]
        return np.where(self.keys[positions] == keys, positions, -1)


class Replica:
    """The copy of one store in this process, brought up to date when it is asked for. Threads wait for each other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._embedder = ""
        self._version: int
        self._snapshot: StoreSnapshot
        self._clear()

    def snapshot(self, store: VectorStore) -> StoreSnapshot:
        """Return ``store`` as it was at its ``version`` or later."""
        with self._lock:
            if self._embedder != store.embedder:
                self._clear()
            if self._version < store.version:
                self._update(store)
                self._embedder, self._version = store.embedder, store.version
            return self._snapshot

    def _clear(self) -> None:
        self._version = -1
        self._matrix: MatrixFile | None = None
        self._parts: dict[int, EntryVectors] = {}
        self._snapshot = _assemble({}, None)

    def _update(self, store: VectorStore) -> None:
        entries = VectorStoreFile.objects.filter(store=store, status=VectorStoreFile.Status.COMPLETED).order_by("pk")
        columns = entries.values_list("pk", "attempt", "embedded_by", "needs_vectors")
        versions = {pk: (attempt, "" if unfinished else made_by) for pk, attempt, made_by, unfinished in columns}
        self._parts = {entry: part for entry, part in self._parts.items() if versions.get(entry) == part.version}
        living = sum(len(part.places) for part in self._parts.values() if part.has_vectors)
        if self._matrix and 2 * living < self._matrix.count:
            self._clear()
        missing = [entry for entry in versions if entry not in self._parts]
        for first in range(0, len(missing), _ENTRIES):
            for entry, windows, passages in _rows_by_entry(missing[first : first + _ENTRIES]):
                self._parts[entry] = self._part(versions[entry], windows, passages, embedder=store.embedder)
        self._snapshot = _assemble(self._parts, self._matrix)

    def _part(
        self, version: EntryVersion, windows: Sequence[Row], passages: Sequence[Row], *, embedder: str
    ) -> EntryVectors:
        start = self._matrix.count if self._matrix else 0
        places = _pairs(row[1:3] for row in windows)
        return EntryVectors(
            version=version,
            start=start,
            has_vectors=version[1] == embedder and self._append([row[3] for row in windows]),
            places=places,
            keys=np.array([row[1] for row in passages], np.int64),
            ranges=np.clip(_pairs(row[2:4] for row in passages), 0, len(places)),
        )

    def _append(self, vectors: Sequence[bytes | None]) -> bool:
        """Add ``vectors`` to the matrix. Return False if they are none, of another width, or do not fit on the disk."""
        complete = [vector for vector in vectors if vector]
        sizes = {len(vector) for vector in complete} | ({4 * self._matrix.width} if self._matrix else set())
        if not complete or len(complete) < len(vectors) or len(sizes) > 1 or len(complete[0]) % 4:
            return False
        try:
            width = len(complete[0]) // 4
            self._matrix = self._matrix or MatrixFile(self._folder, parts=PARTS if width == WIDTH else [width])
            self._matrix.append(np.frombuffer(b"".join(complete), "<f4").reshape(len(complete), -1))
        except OSError as error:
            logger.warning("A file is searched by words alone, because its vectors found no room: %s", error)
            return False
        return True


_replicas: OrderedDict[str, Replica] = OrderedDict()
_lock = threading.Lock()


def snapshot_of(store: VectorStore) -> StoreSnapshot:
    """Return the passages of ``store``, whose row has just been read, and their vectors. Any thread may call this.

    The first call reads all vectors, about a second for 100,000 passages; later ones only those that are new.
    """
    with _lock:
        replica = _replicas.pop(store.id, None) or Replica(Path(settings.EVERTHREAD_DATA_DIR) / "search")
        _replicas[store.id] = replica
        while len(_replicas) > MOST_STORES:
            _replicas.popitem(last=False)
    return replica.snapshot(store)


def _rows_by_entry(entries: Sequence[int]) -> Iterator[tuple[int, list[Row], list[Row]]]:
    """Yield each entry with its windows and its passages, in order."""
    windows = _grouped(Window.objects.filter(entry__in=entries), "char_from", "char_to", "vector")
    passages = _grouped(Passage.objects.filter(entry__in=entries), "pk", "window_from", "window_to")
    waiting = next(windows, None)
    for entry, rows in passages:
        while waiting and waiting[0] < entry:
            waiting = next(windows, None)
        yield entry, waiting[1] if waiting and waiting[0] == entry else [], rows


def _grouped(rows: QuerySet[Any], *columns: str) -> Iterator[tuple[int, list[Row]]]:
    ordered = rows.order_by("entry_id", "place").values_list("entry_id", *columns).iterator(chunk_size=2000)
    return ((entry, list(group)) for entry, group in groupby(ordered, key=itemgetter(0)))


def _pairs(rows: Iterable[Row]) -> Ints:
    return np.array(list(rows), np.int64).reshape(-1, 2)


def _assemble(parts: Mapping[int, EntryVectors], matrix: MatrixFile | None) -> StoreSnapshot:
    none: list[Ints] = [np.zeros(0, np.int64)]
    keys = np.concatenate(none + [part.keys for part in parts.values()])
    signs = matrix.signs() if matrix else None
    return StoreSnapshot(
        rows=matrix.rows() if matrix else _NO_ROWS,
        signs=signs if signs and signs.tell_apart else None,
        keys=keys,
        entries=np.concatenate(none + [np.full(len(part.keys), entry) for entry, part in parts.items()]),
        ranges=np.concatenate([_pairs([])] + [part.ranges * part.has_vectors + part.start for part in parts.values()]),
        parts=dict(parts),
        order=np.argsort(keys),
    )
