"""What a process keeps of one store: its vectors, and which passages of which entries they are of."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from chat.models import Passage, VectorStore, VectorStoreFile, Window
from chat.retrieval.vectors.matrix_file import Rows

_ENTRIES = 200
"""That are read in one question to the database."""

logger = logging.getLogger(__name__)

Ints = NDArray[np.int64]
Stamp = tuple[int, str]
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Of one entry. ``places`` are its windows' ranges of characters; their vectors are the rows from ``start``, unless
    ``has_vectors`` is false. ``keys`` are its passages', and ``ranges`` which windows they have: (from, to), from 0.
    """

    stamp: Stamp
    start: int
    has_vectors: bool
    places: Ints
    keys: Ints
    ranges: Ints


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A store at one instant. ``keys``, ``entries`` and ``ranges`` have an element for each passage: its primary key,
    its entry's, and its windows, (from, to) in ``rows``, their vectors. Rows of entries that are gone may lie between.
    """

    rows: NDArray[np.float32]
    keys: Ints
    entries: Ints
    ranges: Ints
    parts: Mapping[int, Part]
    order: Ints

    def positions(self, keys: Ints) -> Ints:
        """Where the passages with ``keys`` are in the arrays; -1 for those that are not."""
        if not len(self.keys):
            return np.full(len(keys), -1)
        found = np.searchsorted(self.keys, keys, sorter=self.order)
        positions = self.order[np.minimum(found, len(self.keys) - 1)]
        return np.where(self.keys[positions] == keys, positions, -1)


class Copy:
    """Of one store, brought up to date when it is asked for. Threads wait for each other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._embedder = ""
        self._version: int
        self._snapshot: Snapshot
        self._forget()

    def snapshot(self, store: VectorStore) -> Snapshot:
        """What can be found in ``store``, as it was at its ``version`` or later."""
        with self._lock:
            if self._embedder != store.embedder:
                self._forget()
            if self._version < store.version:
                self._update(store)
                self._embedder, self._version = store.embedder, store.version
            return self._snapshot

    def _forget(self) -> None:
        self._version = -1
        self._rows: Rows | None = None
        self._parts: dict[int, Part] = {}
        self._snapshot = _snapshot({}, None)

    def _update(self, store: VectorStore) -> None:
        there = _completed(store)
        self._parts = {entry: part for entry, part in self._parts.items() if there.get(entry) == part.stamp}
        living = sum(len(part.places) for part in self._parts.values() if part.has_vectors)
        if self._rows and 2 * living < len(self._rows):
            self._forget()
        missing = [entry for entry in there if entry not in self._parts]
        for first in range(0, len(missing), _ENTRIES):
            for entry, windows, passages in _read(missing[first : first + _ENTRIES]):
                self._parts[entry] = self._part(there[entry], windows, passages, embedder=store.embedder)
        self._snapshot = _snapshot(self._parts, self._rows)

    def _part(self, stamp: Stamp, windows: Sequence[Row], passages: Sequence[Row], *, embedder: str) -> Part:
        start = len(self._rows) if self._rows else 0
        places = _pairs(row[1:3] for row in windows)
        return Part(
            stamp=stamp,
            start=start,
            has_vectors=stamp[1] == embedder and self._append([row[3] for row in windows]),
            places=places,
            keys=np.array([row[1] for row in passages], np.int64),
            ranges=np.clip(_pairs(row[2:4] for row in passages), 0, len(places)),
        )

    def _append(self, vectors: Sequence[bytes | None]) -> bool:
        """Whether they are vectors, of the same width as those before, and there was room for them."""
        made = [vector for vector in vectors if vector]
        sizes = {len(vector) for vector in made} | ({4 * self._rows.width} if self._rows else set())
        if not made or len(made) < len(vectors) or len(sizes) > 1 or len(made[0]) % 4:
            return False
        try:
            self._rows = self._rows or Rows(self._folder, width=len(made[0]) // 4)
            self._rows.append(np.frombuffer(b"".join(made), "<f4").reshape(len(made), -1))
        except OSError as error:
            logger.warning("A file is searched by words alone, because its vectors found no room: %s", error)
            return False
        return True


def _completed(store: VectorStore) -> dict[int, Stamp]:
    entries = VectorStoreFile.objects.filter(store=store, status=VectorStoreFile.Status.COMPLETED).order_by("pk")
    found = entries.values_list("pk", "attempt", "embedded_by")
    return {pk: (attempt, embedded_by) for pk, attempt, embedded_by in found}


def _read(entries: Sequence[int]) -> Iterator[tuple[int, list[Row], list[Row]]]:
    """Each entry with its windows and its passages, in order."""
    windows = _by_entry(Window.objects.filter(entry__in=entries), "char_from", "char_to", "vector")
    passages = _by_entry(Passage.objects.filter(entry__in=entries), "pk", "window_from", "window_to")
    waiting = next(windows, None)
    for entry, rows in passages:
        while waiting and waiting[0] < entry:
            waiting = next(windows, None)
        yield entry, waiting[1] if waiting and waiting[0] == entry else [], rows


def _by_entry(rows: QuerySet[Any], *columns: str) -> Iterator[tuple[int, list[Row]]]:
    ordered = rows.order_by("entry_id", "place").values_list("entry_id", *columns).iterator(chunk_size=2000)
    return ((entry, list(group)) for entry, group in groupby(ordered, key=itemgetter(0)))


def _pairs(rows: Iterable[Row]) -> Ints:
    return np.array(list(rows), np.int64).reshape(-1, 2)


def _snapshot(parts: Mapping[int, Part], rows: Rows | None) -> Snapshot:
    none: list[Ints] = [np.zeros(0, np.int64)]
    keys = np.concatenate(none + [part.keys for part in parts.values()])
    return Snapshot(
        rows=rows.all() if rows else np.zeros((0, 0), np.float32),
        keys=keys,
        entries=np.concatenate(none + [np.full(len(part.keys), entry) for entry, part in parts.items()]),
        ranges=np.concatenate([_pairs([])] + [part.ranges * part.has_vectors + part.start for part in parts.values()]),
        parts=dict(parts),
        order=np.argsort(keys),
    )
