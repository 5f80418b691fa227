"""How near windows are to queries: beside the search for words, for embedding and comparing need no database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.errors import Refusal
from chat.models import VectorStore
from chat.providers.base import Embedder
from chat.retrieval.vectors import similarity
from chat.retrieval.vectors.snapshot import Snapshot

MOST_CHARACTERS = 4000
"""Of a query that are embedded: models refuse texts of more than some 8,000 tokens."""

Floats = NDArray[np.float32]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Near:
    """How near the windows of a snapshot are to each query, and its passages: see ``vectors``."""

    windows: Floats
    passages: Sequence[Floats]


class Meaning:
    """The vectors of ``queries`` by the embedders of ``stores``, which are asked when ``near`` first needs them.

    Make it where the database may be asked; ``near`` may be called in another thread, one at a time.
    """

    def __init__(
        self, queries: Sequence[str], *, stores: Sequence[VectorStore], embedder_of: Callable[[VectorStore], Embedder]
    ) -> None:
        self._texts = [_without_halves(query[:MOST_CHARACTERS]) for query in queries]
        self._vectors: dict[str, Floats | None] = {}
        self._embedders: dict[str, Embedder] = {}
        for store in {store.embedder: store for store in stores}.values():
            try:
                self._embedders[store.embedder] = embedder_of(store)
            except Refusal as refusal:
                self._give_up(store.embedder, refusal)

    def near(self, snapshot: Snapshot, *, embedder: str) -> Near:
        """All 0 if the embedder failed, of which the log tells."""
        if embedder not in self._vectors:
            try:
                self._vectors[embedder] = self._embedders[embedder].embed(self._texts, urgent=True)
            except Refusal as refusal:
                self._give_up(embedder, refusal)
        windows = similarity.nearness(snapshot, self._vectors[embedder], count=len(self._texts))
        return Near(windows, [similarity.meanings(snapshot, row) for row in windows])

    def _give_up(self, embedder: str, refusal: Refusal) -> None:
        self._vectors[embedder] = None
        logger.warning("The search goes by words alone, because the embedder %s failed: %s", embedder, refusal)


def _without_halves(text: str) -> str:
    """Half characters have no UTF-8."""
    return text.encode(errors="replace").decode()
