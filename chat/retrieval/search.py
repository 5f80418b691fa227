"""Finding passages by their words and their meaning together."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat.errors import Refusal
from chat.models import File, Passage, VectorStore, VectorStoreFile
from chat.providers.base import Embedder
from chat.retrieval import vectors
from chat.retrieval.embedders import embedder_of
from chat.retrieval.filters import matches
from chat.retrieval.keywords_terms import Term, terms
from chat.retrieval.search_quotes import quote
from chat.retrieval.search_scores import Scores, Weights, scores

__all__ = ["Hit", "Weights", "search"]

EMBEDDED_CHARACTERS = 4000
"""Of a question, more than any question has: models refuse texts of more than some 8,000 tokens."""

USUAL = Weights()

logger = logging.getLogger(__name__)


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


def search(
    stores: Sequence[VectorStore],
    queries: Sequence[str],
    *,
    limit: int,
    threshold: float = 0.0,
    filters: Mapping[str, Any] | None = None,
    weights: Weights = USUAL,
    embedder_of: Callable[[VectorStore], Embedder] = embedder_of,
) -> list[Hit]:
    """At most ``limit`` passages of the completed files of ``stores``, best first, with scores from ``threshold`` on.

    A passage has the score of the query that it answers best. ``filters`` are those of ``chat.retrieval.filters`` over
    the attributes of files. What is deleted, or in a store or file that has expired, is never found. If the embedder
    fails, words alone decide. Blocks; raises ``ValueError`` for a filter of unknown type.
    """
    asked = [query for query in dict.fromkeys(queries) if query.strip("\0 \t\r\n")]
    there = [store for store in _as_they_are(stores) if not store.is_expired]
    if not asked or not there:
        return []
    questions = _embedded(there, asked, embedder_of)
    ranked = heapq.merge(
        *(
            _ranked(_scores(store, asked, questions[store.embedder], filters, weights), threshold, soon=2 * limit)
            for store in there
        ),
        key=lambda candidate: -candidate.score,
    )
    hits: list[Hit] = []
    while len(hits) < limit and (some := list(islice(ranked, limit))):
        hits += _read(some, [terms(query) for query in asked], weights)
    return hits[:limit]


@dataclass(frozen=True, slots=True)
class _Candidate:
    scores: Scores
    position: int

    @property
    def key(self) -> int:
        return int(self.scores.snapshot.keys[self.position])

    @property
    def score(self) -> float:
        return float(self.scores.score[self.position])


def _as_they_are(stores: Sequence[VectorStore]) -> list[VectorStore]:
    """Read anew, with their versions; each once."""
    return list(VectorStore.objects.filter(pk__in=[store.pk for store in stores]).order_by("pk"))


def _embedded(
    stores: Iterable[VectorStore], queries: Sequence[str], embedder_of: Callable[[VectorStore], Embedder]
) -> dict[str, NDArray[np.float32] | None]:
    """The vectors of ``queries`` by each embedder of ``stores``; None if it failed."""
    found: dict[str, NDArray[np.float32] | None] = {}
    for store in stores:
        if store.embedder not in found:
            found[store.embedder] = _vectors(embedder_of, store, queries)
    return found


def _vectors(
    embedder_of: Callable[[VectorStore], Embedder], store: VectorStore, queries: Sequence[str]
) -> NDArray[np.float32] | None:
    try:
        return embedder_of(store).embed([_embeddable(query) for query in queries], urgent=True)
    except Refusal as refusal:
        logger.warning("%s is searched by words alone, because its embedder failed: %s", store.id, refusal)
        return None


def _embeddable(query: str) -> str:
    """Half characters have no UTF-8."""
    return query[:EMBEDDED_CHARACTERS].encode(errors="replace").decode()


def _scores(
    store: VectorStore,
    queries: Sequence[str],
    questions: NDArray[np.float32] | None,
    filters: Mapping[str, Any] | None,
    weights: Weights,
) -> Scores:
    snapshot = vectors.snapshot(store)
    wanted = np.ones(len(snapshot.keys), np.bool_)
    if filters is not None:
        entries = VectorStoreFile.objects.filter(store=store).values_list("pk", "attributes")
        fitting = [pk for pk, attributes in entries if matches(filters, attributes=attributes)]
        wanted = np.isin(snapshot.entries, fitting)
    return scores(store, snapshot, queries, wanted=wanted, questions=questions, weights=weights)


def _ranked(found: Scores, threshold: float, *, soon: int) -> Iterator[_Candidate]:
    return (_Candidate(found, position) for position in found.ranked(threshold=threshold, soon=soon))


def _read(candidates: Sequence[_Candidate], asked: Sequence[Sequence[Term]], weights: Weights) -> list[Hit]:
    """Those whose rows are still there, and visible."""
    # By their keys alone: with more conditions SQLite goes through all completed entries, 100 ms for 2,000 of them.
    rows = Passage.objects.filter(pk__in=[candidate.key for candidate in candidates])
    passages = [
        passage
        for passage in rows.select_related("entry__file", "entry__store")
        if passage.entry.status == VectorStoreFile.Status.COMPLETED
    ]
    files = File.objects.there().filter(id__in={passage.entry.file_id for passage in passages})
    visible = set(files.values_list("id", flat=True))
    there = {passage.pk: passage for passage in passages if passage.entry.file_id in visible}
    return [_hit(there[candidate.key], candidate, asked, weights) for candidate in candidates if candidate.key in there]


def _hit(passage: Passage, candidate: _Candidate, asked: Sequence[Sequence[Term]], weights: Weights) -> Hit:
    found, position = candidate.scores, candidate.position
    places, near = found.windows(position)
    return Hit(
        passage=passage,
        score=candidate.score,
        keyword=float(found.keyword[position]),
        meaning=float(found.meaning[position]),
        quote=quote(passage, asked[found.query[position]], places=places, near=near, weights=weights),
    )
