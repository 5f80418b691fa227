"""The vectors of a search's queries, and how similar the windows and passages of a store are to them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.errors import Refusal
from chat.models import VectorStore
from chat.providers.base import Embedder
from chat.retrieval.vectors.snapshot import StoreSnapshot

MAX_CHARACTERS = 4000
"""The characters of a query that are embedded: models refuse texts of more than some 8,000 tokens."""

Floats = NDArray[np.float32]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Similarities:
    """The cosines of each query and the windows of a snapshot, (queries, windows), -1..1; for each query, those of the
    passages, 0..1.
    """

    windows: Floats
    passages: Sequence[Floats]


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

    def similarities(self, snapshot: StoreSnapshot, *, embedder: str) -> Similarities:
        """Return the similarities of the queries, by the vectors of ``embedder``; all 0 if it fails (logged)."""
        if embedder not in self._vectors:
            try:
                self._vectors[embedder] = self._embedders[embedder].embed(self._texts, urgent=True)
            except Refusal as refusal:
                self._give_up(embedder, refusal)
        windows = window_similarities(snapshot, self._vectors[embedder], count=len(self._texts))
        return Similarities(windows, [passage_similarities(snapshot, row) for row in windows])

    def _give_up(self, embedder: str, refusal: Refusal) -> None:
        self._vectors[embedder] = None
        logger.warning("The search goes by words alone, because the embedder %s failed: %s", embedder, refusal)


def window_similarities(snapshot: StoreSnapshot, queries: Floats | None, *, count: int) -> Floats:
    """Return the cosine of each of ``count`` queries, rows of ``queries``, and each window: (queries, windows), -1..1.

    All 0 if the queries have no vectors, or ones of another width than the store's.
    """
    if queries is None or queries.shape[1] != snapshot.rows.shape[1]:
        return np.zeros((count, len(snapshot.rows)), np.float32)
    # Row by row on one thread: 0.05 ms for 2,000 rows, where a product of matrices waits 20 ms for a thread on a busy
    # machine, and 10 ms for 200,000 against 24 ms.
    return np.array([np.vecdot(snapshot.rows, query) for query in queries])


def passage_similarities(snapshot: StoreSnapshot, windows: Floats) -> Floats:
    """Return the similarity of each passage, the highest of its ``windows``: 0..1."""
    if not len(snapshot.keys):
        return np.zeros(0, np.float32)
    highest = np.maximum.reduceat(np.append(windows, np.float32(0)), snapshot.ranges.ravel())[::2]
    return np.where(snapshot.ranges[:, 0] < snapshot.ranges[:, 1], highest, np.float32(0)).clip(0, 1)
