"""The scores of the passages of a store: by keywords, by meaning, and the weighted sum of both."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.errors import Refusal
from chat.models import VectorStore
from chat.providers.base import Embedder
from chat.retrieval.keywords import index
from chat.retrieval.vectors.snapshot import Ints, StoreSnapshot

MAX_CHARACTERS = 4000
"""The characters of a query that are embedded: models refuse texts of more than some 8,000 tokens."""

MOST_CANDIDATES = 200
"""The passages that score best without the common terms of a query; in these the common terms are counted too."""

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
        windows = self._window_similarities(snapshot, embedder)
        return Similarities(windows, [passage_similarities(snapshot, row) for row in windows])

    def _window_similarities(self, snapshot: StoreSnapshot, embedder: str) -> Floats:
        """Return the similarity of each query and each window: (queries, windows), -1..1.

        All 0 if the queries have no vectors, or ones of another width than the store's.
        """
        queries = self._vectors[embedder]
        if queries is None or queries.shape[1] != snapshot.rows.width:
            return np.zeros((len(self._texts), len(snapshot.rows)), np.float32)
        return np.array([self._embedders[embedder].similarities(snapshot.rows, query) for query in queries])

    def _give_up(self, embedder: str, refusal: Refusal) -> None:
        self._vectors[embedder] = None
        logger.warning("The search goes by words alone, because the embedder %s failed: %s", embedder, refusal)


def passage_similarities(snapshot: StoreSnapshot, windows: Floats) -> Floats:
    """Return the similarity of each passage, the highest of its ``windows``: 0..1."""
    if not len(snapshot.keys):
        return np.zeros(0, np.float32)
    highest = np.maximum.reduceat(np.append(windows, np.float32(0)), snapshot.ranges.ravel())[::2]
    return np.where(snapshot.ranges[:, 0] < snapshot.ranges[:, 1], highest, np.float32(0)).clip(0, 1)


# --- keywords and meaning together ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RankingWeights:
    """The weights of keywords and meaning, in proportion. Raise ``ValueError`` if one is below 0, or both are 0."""

    text: float = 0.5
    embedding: float = 0.5

    def __post_init__(self) -> None:
        if min(self.text, self.embedding) < 0 or not self.text + self.embedding:
            raise ValueError(f"{self} must not be negative, nor both 0")

    def sum(self, keyword: Floats, meaning: Floats) -> Floats:
        """Return the scores of passages: 0..1, as both arguments are."""
        share = self.text / (self.text + self.embedding)
        return np.asarray(share * keyword + (1 - share) * meaning, np.float32)


@dataclass(frozen=True, slots=True)
class Candidate:
    """The passage with the primary key ``key``, at ``position`` of the arrays of ``scores``."""

    scores: StoreScores
    position: int
    key: int
    score: float


@dataclass(frozen=True, slots=True)
class StoreScores:
    """The scores of all passages of ``store``, 0..1, parallel to the arrays of ``snapshot``.

    Those of passages that are not ``allowed`` by the filters may be too low. ``query`` is the index of the query that
    each passage answers best, whose scores these are; ``similarities`` are those of windows: (queries, windows).
    """

    store: VectorStore
    snapshot: StoreSnapshot
    allowed: NDArray[np.bool_]
    score: Floats
    keyword: Floats
    meaning: Floats
    query: Ints
    similarities: Floats

    def ranked(self, *, threshold: float, soon: int) -> Iterator[Candidate]:
        """Yield the allowed passages whose score is at least ``threshold``, and more than 0; best first."""
        positions = np.flatnonzero(self.allowed & (self.score >= threshold) & (self.score > 0))
        # All are sorted only when the caller asks for more than the first ``soon``.
        parts = np.argpartition(-self.score[positions], soon) if len(positions) > soon else np.arange(len(positions))
        for part in (positions[parts[:soon]], positions[parts[soon:]]):
            keys, scores = self.snapshot.keys[part], self.score[part]
            for place in np.lexsort((keys, -scores)):
                yield Candidate(self, int(part[place]), int(keys[place]), float(scores[place]))

    def windows(self, position: int) -> tuple[Ints, Floats]:
        """Return the ranges of characters of a passage's windows, and their similarities to the passage's query."""
        entry = self.snapshot.parts[int(self.snapshot.entries[position])]
        start, end = entry.ranges[np.flatnonzero(entry.keys == self.snapshot.keys[position])[0]]
        if not entry.has_vectors:
            return entry.places[start:end], np.zeros(end - start, np.float32)
        rows = slice(entry.start + start, entry.start + end)
        return entry.places[start:end], self.similarities[self.query[position], rows]


def score_passages(
    store: VectorStore,
    snapshot: StoreSnapshot,
    keywords: Sequence[index.KeywordMatches],
    similarities: Similarities,
    *,
    allowed: NDArray[np.bool_],
    weights: RankingWeights,
) -> StoreScores:
    """Return the scores of the passages, from the ``keywords`` and ``similarities`` of each query."""
    scores = [
        _scores(store, snapshot, matches, meaning, allowed=allowed, weights=weights)
        for matches, meaning in zip(keywords, similarities.passages, strict=True)
    ]
    if len(scores) == 1:
        query = np.zeros(len(allowed), np.int64)
        return StoreScores(store, snapshot, allowed, *scores[0], query, similarities.windows)
    query = np.argmax([score for score, _, _ in scores], axis=0)
    score, keyword, meaning = np.array(scores)[query, :, np.arange(len(query))].T
    return StoreScores(store, snapshot, allowed, score, keyword, meaning, query, similarities.windows)


def _scores(
    store: VectorStore,
    snapshot: StoreSnapshot,
    matches: index.KeywordMatches,
    meaning: Floats,
    *,
    allowed: NDArray[np.bool_],
    weights: RankingWeights,
) -> tuple[Floats, Floats, Floats]:
    """Return the score, by keywords and by meaning, of each passage for one query."""
    bm25 = np.zeros(len(meaning))
    positions = snapshot.positions(matches.keys)
    bm25[positions[positions >= 0]] = matches.scores[positions >= 0]
    if matches.common and len(meaning):
        likely = np.where(allowed, weights.sum(index.normalize(bm25, highest=matches.highest), meaning), -1)
        best = np.argpartition(-likely, min(MOST_CANDIDATES, len(likely) - 1))[:MOST_CANDIDATES]
        bm25[best] += index.common_scores(matches, snapshot.keys[best], store=store)
    keyword = index.normalize(bm25, highest=matches.highest)
    return weights.sum(keyword, meaning), keyword, meaning
