"""The results of a search, read from the database: what is gone since its snapshot was made is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.models import File, Passage, VectorStoreFile
from chat.retrieval.keywords.terms import Term, plain
from chat.retrieval.search.scores import Candidate, RankingWeights


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that fits a search, its ``entry``, ``entry.file`` and ``entry.store`` loaded.

    ``score`` is the weighted sum of ``keyword`` and ``meaning``; all are 0..1. ``quote`` is the range of the document's
    characters, within the passage's own, that answers best.
    """

    passage: Passage
    score: float
    keyword: float
    meaning: float
    quote: tuple[int, int]


def load_hits(
    candidates: Sequence[Candidate], *, query_terms: Sequence[Sequence[Term]], weights: RankingWeights
) -> list[Hit]:
    """Return the candidates whose rows exist and may be seen, in order. ``query_terms`` are those of each query."""
    # By their keys alone: with more conditions SQLite goes through all completed entries, 100 ms for 2,000 of them.
    rows = Passage.objects.filter(pk__in=[candidate.key for candidate in candidates]).select_related("entry__file")
    passages = {row.pk: row for row in rows if row.entry.status == VectorStoreFile.Status.COMPLETED}
    files = File.objects.there().filter(id__in={row.entry.file_id for row in passages.values()})
    visible = set(files.values_list("id", flat=True))
    return [
        _hit(passages[candidate.key], candidate, query_terms, weights)
        for candidate in candidates
        if candidate.key in passages and passages[candidate.key].entry.file_id in visible
    ]


def _hit(passage: Passage, candidate: Candidate, query_terms: Sequence[Sequence[Term]], weights: RankingWeights) -> Hit:
    scores, position = candidate.scores, candidate.position
    passage.entry.store = scores.store
    ranges, similarities = scores.windows(position)
    return Hit(
        passage=passage,
        score=candidate.score,
        keyword=float(scores.keyword[position]),
        meaning=float(scores.meaning[position]),
        quote=_quote(passage, query_terms[scores.query[position]], ranges, similarities, weights),
    )


def _quote(
    passage: Passage,
    terms: Sequence[Term],
    ranges: NDArray[np.int64],
    similarities: NDArray[np.float32],
    weights: RankingWeights,
) -> tuple[int, int]:
    """Return the range of the window that answers best; of the whole passage if it has no windows.

    ``terms`` are those of the query, ``ranges`` and ``similarities`` those of the passage's windows.
    """
    best, highest = (passage.char_from, passage.char_to), -1.0
    for (char_from, char_to), similarity in zip(ranges.tolist(), similarities.tolist(), strict=True):
        # A passage has no space around it, which its windows may have.
        start, end = max(char_from, passage.char_from), min(char_to, passage.char_to)
        text = plain(passage.text[start - passage.char_from : end - passage.char_from])
        # Terms count even inside of other words, so that a stem finds its forms.
        share = sum(all(word in text for word in term) for term in terms) / len(terms) if terms else 0.0
        value = weights.text * share + weights.embedding * similarity
        if start < end and value > highest:
            best, highest = (start, end), value
    return best
