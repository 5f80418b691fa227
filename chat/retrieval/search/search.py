"""Finding passages by their words and their meaning together."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat.models import VectorStore, VectorStoreFile
from chat.providers.base import Embedder
from chat.retrieval.embedders import embedder_of
from chat.retrieval.keywords import index
from chat.retrieval.keywords.terms import terms
from chat.retrieval.search.filters import matches
from chat.retrieval.search.hits import Candidate, Hit, read
from chat.retrieval.search.query_vectors import Meaning
from chat.retrieval.search.scores import Scores, Weights, scores
from chat.retrieval.vectors import similarity
from chat.retrieval.vectors.snapshot import Snapshot

__all__ = ["Hit", "Weights", "search"]

USUAL = Weights()


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

    A passage has the score of the query that it answers best. ``filters`` are those of ``search.filters`` over
    the attributes of files. What is deleted, or in a store or file that has expired, is never found. If the embedder
    fails, words alone decide. Blocks; raises ``ValueError`` for a filter of unknown type.
    """
    asked = [query for query in dict.fromkeys(queries) if query.strip("\0 \t\r\n")]
    there = [store for store in _as_they_are(stores) if not store.is_expired]
    if not asked or not there:
        return []
    meaning = Meaning(asked, stores=there, embedder_of=embedder_of)
    found = [_scores(store, asked, meaning, filters, weights) for store in there]
    return _best(found, limit=limit, threshold=threshold, asked=asked, weights=weights)


def _as_they_are(stores: Sequence[VectorStore]) -> list[VectorStore]:
    """Read anew, with their versions; each once."""
    return list(VectorStore.objects.filter(pk__in=[store.pk for store in stores]).order_by("pk"))


def _scores(
    store: VectorStore,
    queries: Sequence[str],
    meaning: Meaning,
    filters: Mapping[str, Any] | None,
    weights: Weights,
) -> Scores:
    snapshot = similarity.snapshot(store)
    with ThreadPoolExecutor(1) as beside:
        near = beside.submit(meaning.near, snapshot, embedder=store.embedder)
        words = [index.search(query, store=store, total=len(snapshot.keys)) for query in queries]
        wanted = _wanted(store, snapshot, filters)
    return scores(store, snapshot, words=words, near=near.result(), wanted=wanted, weights=weights)


def _wanted(store: VectorStore, snapshot: Snapshot, filters: Mapping[str, Any] | None) -> NDArray[np.bool_]:
    """Which of the snapshot's passages are of files that the filters fit."""
    if filters is None:
        return np.ones(len(snapshot.keys), np.bool_)
    entries = VectorStoreFile.objects.filter(store=store).values_list("pk", "attributes")
    fitting = [pk for pk, attributes in entries if matches(filters, attributes=attributes)]
    return np.isin(snapshot.entries, fitting)


def _candidates(found: Scores, threshold: float, *, soon: int) -> Iterator[Candidate]:
    return (Candidate(found, position) for position in found.ranked(threshold=threshold, soon=soon))


def _best(
    found: Sequence[Scores], *, limit: int, threshold: float, asked: Sequence[str], weights: Weights
) -> list[Hit]:
    """Reads on until there are enough of those that are still there."""
    ranked = heapq.merge(
        *(_candidates(each, threshold, soon=2 * limit) for each in found), key=lambda candidate: -candidate.score
    )
    looked_for = [terms(query) for query in asked]
    hits: list[Hit] = []
    while len(hits) < limit and (some := list(islice(ranked, limit - len(hits)))):
        hits += read(some, asked=looked_for, weights=weights)
    return hits
