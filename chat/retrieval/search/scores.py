"""The scores of the passages of a store: by keywords, by meaning, and the weighted sum of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.models import VectorStore
from chat.retrieval.keywords import index
from chat.retrieval.search.meaning import Floats, Meaning
from chat.retrieval.vectors.snapshot import Ints, StoreSnapshot

MOST_COMPARED = 2_000
"""The passages that are compared exactly where the others are estimated: those that score best by estimates.

Of 200,000 windows the 50 most like a text were among the 4,000 with the likeliest signs, for each of 60 texts.
"""

MOST_CANDIDATES = 100
"""The passages, the best until then, in which the terms of a query are counted; with 200 nDCG@10 is the same."""


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

    Those of passages that are not ``allowed`` by the filters may be too low, and those of unlikely ones are 0.
    ``query`` is the index of the query that each passage answers best, whose scores these are; ``similarities`` are
    those of windows, for each query.
    """

    store: VectorStore
    snapshot: StoreSnapshot
    allowed: NDArray[np.bool_]
    score: Floats
    keyword: Floats
    meaning: Floats
    query: Ints
    similarities: Sequence[Floats]

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
        return entry.places[start:end], self.similarities[self.query[position]][rows]


def score_passages(
    store: VectorStore,
    snapshot: StoreSnapshot,
    keywords: Sequence[index.KeywordMatches],
    meanings: Sequence[Meaning],
    *,
    allowed: NDArray[np.bool_],
    weights: RankingWeights,
) -> StoreScores:
    """Return the scores of the passages, from the ``keywords`` and ``meanings`` of each query."""
    scores = [
        _scores(store, snapshot, matches, meaning, allowed=allowed, weights=weights)
        for matches, meaning in zip(keywords, meanings, strict=True)
    ]
    windows = [meaning.windows for meaning in meanings]
    if len(scores) == 1:
        return StoreScores(store, snapshot, allowed, *scores[0], np.zeros(len(allowed), np.int64), windows)
    query = np.argmax([score for score, _, _ in scores], axis=0)
    score, keyword, meaning = np.array(scores)[query, :, np.arange(len(query))].T
    return StoreScores(store, snapshot, allowed, score, keyword, meaning, query, windows)


def _scores(
    store: VectorStore,
    snapshot: StoreSnapshot,
    matches: index.KeywordMatches,
    meaning: Meaning,
    *,
    allowed: NDArray[np.bool_],
    weights: RankingWeights,
) -> tuple[Floats, Floats, Floats]:
    """Return the score, by keywords and by meaning, of each passage for one query."""
    bm25 = np.zeros(len(allowed))
    positions = snapshot.positions(matches.keys)
    bm25[positions[positions >= 0]] = matches.scores[positions >= 0]

    def score() -> Floats:
        return weights.sum(index.normalize(bm25, highest=matches.highest), meaning.passages)

    is_known = np.full(len(allowed), not meaning.is_estimated)
    if meaning.is_estimated:
        best = _best(score(), allowed, most=MOST_COMPARED)
        meaning.compare(best)
        is_known[best] = True
    if matches.weights and len(bm25):
        best = _best(score(), allowed & is_known, most=MOST_CANDIDATES)
        bm25[best] = index.count_terms(matches, snapshot.keys[best], store=store)
    # An estimate may be too high, and what was compared would come behind it.
    return np.where(is_known, score(), 0), index.normalize(bm25, highest=matches.highest), meaning.passages


def _best(scores: Floats, allowed: NDArray[np.bool_], *, most: int) -> Ints:
    """Return the positions of the ``most`` best passages, the allowed first."""
    return np.argpartition(np.where(allowed, -scores, 1), min(most, len(scores) - 1))[:most]
