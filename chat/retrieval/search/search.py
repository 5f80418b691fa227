"""Search in vector stores, by keywords and meaning together. The file search tool, the API and the admin call it."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
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
from chat.retrieval.search.hits import Hit, load_hits
from chat.retrieval.search.query_vectors import QueryVectors
from chat.retrieval.search.scores import RankingWeights, StoreScores, score_passages
from chat.retrieval.vectors.snapshot import StoreSnapshot, snapshot_of

DEFAULT_WEIGHTS = RankingWeights()


def search_stores(
    stores: Sequence[VectorStore],
    queries: Sequence[str],
    *,
    limit: int,
    threshold: float = 0.0,
    filters: Mapping[str, Any] | None = None,
    weights: RankingWeights = DEFAULT_WEIGHTS,
    embedder_of: Callable[[VectorStore], Embedder] = embedder_of,
) -> list[Hit]:
    """Return at most ``limit`` passages of the completed files of ``stores``, best first, with scores ≥ ``threshold``.

    A passage has the score of the query that it answers best. ``filters`` are those of ``search.filters`` over the
    attributes of files. Passages that are deleted, or in a store or file that has expired, are left out. If the
    embedder fails, keywords alone decide. Blocks. Raise ``ValueError`` for a filter of unknown type.
    """
    queries = [query for query in dict.fromkeys(queries) if query.strip("\0 \t\r\n")]
    # Read again, because snapshots follow the version of the row; this also leaves each store only once.
    rows = VectorStore.objects.filter(pk__in=[store.pk for store in stores]).order_by("pk")
    stores = [store for store in rows if not store.is_expired]
    if not queries or not stores:
        return []
    vectors = QueryVectors(queries, stores=stores, embedder_of=embedder_of)
    scores = [_score(store, queries, vectors, filters, weights) for store in stores]
    return _best_hits(scores, queries, limit=limit, threshold=threshold, weights=weights)


def _score(
    store: VectorStore,
    queries: Sequence[str],
    vectors: QueryVectors,
    filters: Mapping[str, Any] | None,
    weights: RankingWeights,
) -> StoreScores:
    """Return the scores of all passages of ``store``."""
    snapshot = snapshot_of(store)
    # Embedding and comparing need no database, so they run beside the search for keywords.
    with ThreadPoolExecutor(1) as beside:
        similarities = beside.submit(vectors.similarities, snapshot, embedder=store.embedder)
        keywords = [index.search(query, store=store, total=len(snapshot.keys)) for query in queries]
        allowed = np.ones(len(snapshot.keys), np.bool_) if filters is None else _allowed(store, snapshot, filters)
    return score_passages(store, snapshot, keywords, similarities.result(), allowed=allowed, weights=weights)


def _allowed(store: VectorStore, snapshot: StoreSnapshot, filters: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Return for each passage of the snapshot whether its file matches ``filters``."""
    entries = VectorStoreFile.objects.filter(store=store).values_list("pk", "attributes")
    matching = [pk for pk, attributes in entries if matches(filters, attributes=attributes)]
    return np.isin(snapshot.entries, matching)


def _best_hits(
    scores: Sequence[StoreScores],
    queries: Sequence[str],
    *,
    limit: int,
    threshold: float,
    weights: RankingWeights,
) -> list[Hit]:
    """Return the ``limit`` best passages of all stores whose rows still exist."""
    ranked = heapq.merge(
        *(each.ranked(threshold=threshold, soon=2 * limit) for each in scores),
        key=lambda candidate: -candidate.score,
    )
    query_terms = [terms(query) for query in queries]
    hits: list[Hit] = []
    while len(hits) < limit and (candidates := list(islice(ranked, limit - len(hits)))):
        hits += load_hits(candidates, query_terms=query_terms, weights=weights)
    return hits
