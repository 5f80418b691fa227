"""What a search found, read from the database: whatever was kept in memory, what is gone is not found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chat.models import File, Passage, VectorStoreFile
from chat.retrieval.keywords.terms import Term
from chat.retrieval.search.quotes import quote
from chat.retrieval.search.scores import Scores, Weights


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, its ``entry``, ``entry.file`` and ``entry.store`` loaded.

    ``score`` is the weighed sum of ``keyword`` and ``meaning``; all are 0..1. ``quote`` is the range of the document's
    characters, within the passage's own, that answers best.
    """

    passage: Passage
    score: float
    keyword: float
    meaning: float
    quote: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Candidate:
    """The passage at ``position`` of ``scores``."""

    scores: Scores
    position: int

    @property
    def key(self) -> int:
        return int(self.scores.snapshot.keys[self.position])

    @property
    def score(self) -> float:
        return float(self.scores.score[self.position])


def read(candidates: Sequence[Candidate], *, asked: Sequence[Sequence[Term]], weights: Weights) -> list[Hit]:
    """Those whose rows are there and visible, in their order. ``asked`` are the terms of each query."""
    # By their keys alone: with more conditions SQLite goes through all completed entries, 100 ms for 2,000 of them.
    rows = Passage.objects.filter(pk__in=[candidate.key for candidate in candidates]).select_related("entry__file")
    there = {row.pk: row for row in rows if row.entry.status == VectorStoreFile.Status.COMPLETED}
    files = File.objects.there().filter(id__in={row.entry.file_id for row in there.values()})
    visible = set(files.values_list("id", flat=True))
    return [
        _hit(there[candidate.key], candidate, asked, weights)
        for candidate in candidates
        if candidate.key in there and there[candidate.key].entry.file_id in visible
    ]


def _hit(passage: Passage, candidate: Candidate, asked: Sequence[Sequence[Term]], weights: Weights) -> Hit:
    found, position = candidate.scores, candidate.position
    passage.entry.store = found.store
    places, near = found.windows(position)
    return Hit(
        passage=passage,
        score=candidate.score,
        keyword=float(found.keyword[position]),
        meaning=float(found.meaning[position]),
        quote=quote(passage, asked[found.query[position]], places=places, near=near, weights=weights),
    )
