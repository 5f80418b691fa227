"""How well every passage of a store answers: by words, by meaning, and both weighed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.models import VectorStore
from chat.retrieval import keywords, vectors
from chat.retrieval.vectors_copy import Ints, Snapshot

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
    """Of all passages of ``snapshot``, parallel to its arrays. ``query`` is the index of the one that each answers
    best, whose scores these are; ``near``, (queries, windows), is how near each window is to each of them.
    """

    snapshot: Snapshot
    score: Floats
    keyword: Floats
    meaning: Floats
    query: Ints
    near: Floats

    def ranked(self, among: NDArray[np.bool_], *, threshold: float, soon: int) -> Iterator[int]:
        """Positions of those ``among`` whose score is at least ``threshold``, and more than 0; best first.

        All are sorted only when more than the first ``soon`` are asked for.
        """
        left = np.flatnonzero(among & (self.score >= threshold) & (self.score > 0))
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


def scores(store: VectorStore, queries: Sequence[str], *, questions: Floats | None, weights: Weights) -> Scores:
    """Of ``store``, whose row has just been read. ``questions`` are the vectors of ``queries``; None if unknown."""
    snapshot = vectors.snapshot(store)
    near = vectors.nearness(snapshot, questions, count=len(queries))
    each = [_one(store, snapshot, query, row, weights) for query, row in zip(queries, near, strict=True)]
    best = np.argmax([score for score, _, _ in each], axis=0)
    score, keyword, meaning = np.array(each)[best, :, np.arange(len(best))].T
    return Scores(snapshot, score, keyword, meaning, best, near)


def _one(
    store: VectorStore, snapshot: Snapshot, query: str, near: Floats, weights: Weights
) -> tuple[Floats, Floats, Floats]:
    meaning = vectors.meanings(snapshot, near)
    keyword = np.zeros_like(meaning)
    keys, found = keywords.search(query, store=store, total=len(snapshot.keys))
    positions = snapshot.positions(keys)
    keyword[positions[positions >= 0]] = found[positions >= 0]
    return weights.sum(keyword, meaning), keyword, meaning
