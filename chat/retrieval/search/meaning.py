"""How alike queries and the passages of a store are, by their vectors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from chat.errors import Refusal
from chat.models import VectorStore
from chat.providers.base import Embedder
from chat.providers.sign_rows import Rows
from chat.retrieval.vectors.snapshot import Ints, StoreSnapshot

MAX_CHARACTERS = 4000
"""The characters of a query that are embedded: models refuse texts of more than some 8,000 tokens."""

MOST_EXACT = 20_000
"""The windows of a store that are all compared exactly, in some two milliseconds; of more, the likely ones."""

Floats = NDArray[np.float32]

logger = logging.getLogger(__name__)


class Meaning:
    """How alike one query and the passages of ``snapshot`` are.

    ``windows`` are the cosines of the query and each window, -1..1, ``passages`` the best of each passage's, 0..1. In a
    large store they are estimates until ``compare`` is called. ``similarities`` are those of the query and rows.
    """

    def __init__(self, snapshot: StoreSnapshot, similarities: Callable[[Rows], Floats]) -> None:
        self._snapshot, self._similarities = snapshot, similarities
        signs = snapshot.signs if len(snapshot.rows) > MOST_EXACT else None
        self.is_estimated = signs is not None
        self.windows = similarities(signs or snapshot.rows)
        self.passages = _highest(self.windows, snapshot.ranges)

    def compare(self, positions: Ints) -> None:
        """Compare the query exactly with the passages at ``positions``."""
        ranges = self._snapshot.ranges[positions]
        lengths = ranges[:, 1] - ranges[:, 0]
        ends = np.cumsum(lengths)
        windows = np.repeat(ranges[:, 1] - ends, lengths) + np.arange(lengths.sum())
        once = np.unique(windows)  # those that overlap share windows
        self.windows[once] = self._similarities(self._snapshot.rows.select(once))
        self.passages[positions] = _highest(self.windows[windows], np.column_stack([ends - lengths, ends]))


def _highest(similarities: Floats, ranges: Ints) -> Floats:
    """Return the highest similarity of the windows in each of the ``ranges``, 0..1."""
    if not len(ranges):
        return np.zeros(0, np.float32)
    highest = np.maximum.reduceat(np.append(similarities, np.float32(0)), ranges.ravel())[::2]
    return np.where(ranges[:, 0] < ranges[:, 1], highest, np.float32(0)).clip(0, 1)


class QueryVectors:
    """The vectors of ``queries`` by the embedders of ``stores``, computed when ``similarities`` first needs them.

    Construct it in a thread that may use the database; ``similarities`` may be called in another, one call at a time.
    """

    def __init__(
        self, queries: Sequence[str], *, stores: Sequence[VectorStore], embedder_of: Callable[[VectorStore], Embedder]
    ) -> None:
        # Half surrogate pairs have no UTF-8.
        self._texts = [query[:MAX_CHARACTERS].encode(errors="replace").decode() for query in queries]
        self._vectors: dict[str, Floats | None] = {}
        self._embedders: dict[str, Embedder] = {}
        for store in {store.embedder: store for store in stores}.values():
            try:
                self._embedders[store.embedder] = embedder_of(store)
            except Refusal as refusal:
                self._give_up(store.embedder, refusal)

    def meanings(self, snapshot: StoreSnapshot, *, embedder: str) -> list[Meaning]:
        """Return what each query and ``snapshot`` have in common by the vectors of ``embedder``: nothing if it fails
        (logged), or if its vectors have another width than the store's.
        """
        if embedder not in self._vectors:
            try:
                self._vectors[embedder] = self._embedders[embedder].embed(self._texts, urgent=True)
            except Refusal as refusal:
                self._give_up(embedder, refusal)
        vectors = self._vectors[embedder]
        if vectors is None or vectors.shape[1] != snapshot.rows.width:
            return [Meaning(snapshot, lambda rows: np.zeros(len(rows), np.float32)) for _text in self._texts]
        similarities = self._embedders[embedder].similarities
        return [Meaning(snapshot, partial(similarities, query=vector)) for vector in vectors]

    def _give_up(self, embedder: str, refusal: Refusal) -> None:
        self._vectors[embedder] = None
        logger.warning("The search goes by words alone, because the embedder %s failed: %s", embedder, refusal)
