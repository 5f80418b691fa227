"""How well every passage of a store answers: by words, by meaning, and both weighed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.models import VectorStore
from chat.retrieval.keywords import index
from chat.retrieval.search.query_vectors import Near
from chat.retrieval.vectors.snapshot import Ints, Snapshot

LOOKED_AT = 200
"""Passages, the best ones without the words that very many have, that are looked at for these words too."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """What words and meaning count for, in proportion. Raises ``ValueError`` if one is below 0, or both are 0."""

    text: float = 0.6
    embedding: float = 0.4

    def __post_init__(self) -> None:
        if min(self.text, self.embedding) < 0 or not self.text + self.embedding:
            raise ValueError(f"{self} must not be negative, nor both 0")

    def sum(self, keyword: Floats, meaning: Floats) -> Floats:
        """The scores of passages: 0..1, as both are."""
        share = self.text / (self.text + self.embedding)
        return np.asarray(share * keyword + (1 - share) * meaning, np.float32)


@dataclass(frozen=True, slots=True)
class Scores:
    """Of all passages of ``store`` at ``snapshot``, parallel to its arrays; of those that are not ``wanted`` they may
    be too low.

    ``query`` is the index of the one that each answers best, whose scores these are; ``near``, (queries, windows), is
    how near each window is to each of them.
    """

    store: VectorStore
    snapshot: Snapshot
    wanted: NDArray[np.bool_]
    score: Floats
    keyword: Floats
    meaning: Floats
    query: Ints
    near: Floats

    def ranked(self, *, threshold: float, soon: int) -> Iterator[int]:
        """Positions of the wanted ones whose score is at least ``threshold``, and more than 0; best first.

        All are sorted only when more than the first ``soon`` are asked for.
        """
        left = np.flatnonzero(self.wanted & (self.score >= threshold) & (self.score > 0))
        if len(left) > soon:
            parted = np.argpartition(-self.score[left], soon)
            yield from self._sorted(left[parted[:soon]])
            left = left[parted[soon:]]
        yield from self._sorted(left)

    def _sorted(self, positions: NDArray[np.intp]) -> Iterator[int]:
        order = np.lexsort((self.snapshot.keys[positions], -self.score[positions]))
        return map(int, positions[order])

    def windows(self, position: int) -> tuple[Ints, Floats]:
        """Of the passage's windows: their ranges of characters, and how near each is to the passage's query."""
        part = self.snapshot.parts[int(self.snapshot.entries[position])]
        start, end = part.ranges[np.flatnonzero(part.keys == self.snapshot.keys[position])[0]]
        if not part.has_vectors:
            return part.places[start:end], np.zeros(end - start, np.float32)
        return part.places[start:end], self.near[self.query[position], part.start + start : part.start + end]


def scores(
    store: VectorStore,
    snapshot: Snapshot,
    *,
    words: Sequence[index.Found],
    near: Near,
    wanted: NDArray[np.bool_],
    weights: Weights,
) -> Scores:
    """Of ``store`` at ``snapshot``, from what was found by the words of each query and how near windows are to each."""
    each = [
        _both(store, snapshot, found, meaning=meaning, wanted=wanted, weights=weights)
        for found, meaning in zip(words, near.passages, strict=True)
    ]
    if len(each) == 1:
        return Scores(store, snapshot, wanted, *each[0], np.zeros(len(wanted), np.int64), near.windows)
    best = np.argmax([score for score, _, _ in each], axis=0)
    score, keyword, meaning = np.array(each)[best, :, np.arange(len(best))].T
    return Scores(store, snapshot, wanted, score, keyword, meaning, best, near.windows)


def _both(
    store: VectorStore,
    snapshot: Snapshot,
    found: index.Found,
    *,
    meaning: Floats,
    wanted: NDArray[np.bool_],
    weights: Weights,
) -> tuple[Floats, Floats, Floats]:
    """The score, by words and by meaning, of each passage for one query."""
    bm25 = np.zeros(len(meaning))
    positions = snapshot.positions(found.keys)
    bm25[positions[positions >= 0]] = found.scores[positions >= 0]
    if found.common and len(meaning):
        likely = np.where(wanted, weights.sum(index.scores(bm25), meaning), -1)
        best = np.argpartition(-likely, min(LOOKED_AT, len(likely) - 1))[:LOOKED_AT]
        bm25[best] += index.common_scores(found, snapshot.keys[best], store=store)
    keyword = index.scores(bm25)
    return weights.sum(keyword, meaning), keyword, meaning
