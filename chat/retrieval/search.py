"""Finding passages by their words and their meaning together."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat.errors import Refusal
from chat.models import VectorStore, VectorStoreFile
from chat.providers.base import Embedder
from chat.retrieval import vectors
from chat.retrieval.embedders import embedder_of
from chat.retrieval.filters import matches
from chat.retrieval.keywords_terms import terms
from chat.retrieval.search_hits import Candidate, Hit, read
from chat.retrieval.search_scores import Scores, Weights, scores

__all__ = ["Hit", "Weights", "search"]

MOST_EMBEDDED = 4000
"""Characters of a query that are embedded: models refuse texts of more than some 8,000 tokens."""

USUAL = Weights()
Questions = NDArray[np.float32] | None

logger = logging.getLogger(__name__)


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
    questions: dict[str, Questions] = {}
    for store in there:
        if store.embedder not in questions:
            questions[store.embedder] = _embedded(store, asked, embedder_of)
    found = [_scores(store, asked, questions[store.embedder], filters, weights) for store in there]
    return _best(found, limit=limit, threshold=threshold, asked=asked, weights=weights)


def _as_they_are(stores: Sequence[VectorStore]) -> list[VectorStore]:
    """Read anew, with their versions; each once."""
    return list(VectorStore.objects.filter(pk__in=[store.pk for store in stores]).order_by("pk"))


def _embedded(store: VectorStore, queries: Sequence[str], embedder_of: Callable[[VectorStore], Embedder]) -> Questions:
    texts = [query[:MOST_EMBEDDED].encode(errors="replace").decode() for query in queries]  # without half characters
    try:
        return embedder_of(store).embed(texts, urgent=True)
    except Refusal as refusal:
        logger.warning("%s is searched by words alone, because its embedder failed: %s", store.id, refusal)
        return None


def _scores(
    store: VectorStore,
    queries: Sequence[str],
    questions: Questions,
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


def _candidates(found: Scores, threshold: float, *, soon: int) -> Iterator[Candidate]:
    return (Candidate(found, position) for position in found.ranked(threshold=threshold, soon=soon))


def _best(
    found: Sequence[Scores], *, limit: int, threshold: float, asked: Sequence[str], weights: Weights
) -> list[Hit]:
    """Reads on until there are enough of those that are still there."""
    ranked = heapq.merge(
        *(_candidates(each, threshold, soon=2 * limit) for each in found),
        key=lambda candidate: -candidate.score,
    )
    looked_for = [terms(query) for query in asked]
    hits: list[Hit] = []
    while len(hits) < limit and (some := list(islice(ranked, limit - len(hits)))):
        hits += read(some, asked=looked_for, weights=weights)
    return hits
