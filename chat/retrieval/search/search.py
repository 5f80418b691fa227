"""Search in vector stores, by keywords and meaning together. The file search tool, the API and the admin call it."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat.documents.letters import plain
from chat.models import Passage, VectorStore, VectorStoreFile
from chat.providers.base import Embedder
from chat.retrieval.embedders import embedder_of
from chat.retrieval.keywords import index
from chat.retrieval.keywords.terms import FIRST_EASTERN, Term, terms
from chat.retrieval.search.filters import matches
from chat.retrieval.search.meaning import QueryVectors
from chat.retrieval.search.scores import Candidate, RankingWeights, StoreScores, score_passages
from chat.retrieval.vectors.snapshot import StoreSnapshot, snapshot_of

DEFAULT_WEIGHTS = RankingWeights()


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
    ranked = heapq.merge(
        *(each.ranked(threshold=threshold, soon=2 * limit) for each in scores),
        key=lambda candidate: -candidate.score,
    )
    query_terms = [terms(query) for query in queries]
    hits: list[Hit] = []
    while len(hits) < limit and (candidates := list(islice(ranked, limit - len(hits)))):
        hits += load_hits(candidates, query_terms=query_terms, weights=weights)  # some of them may be gone
    return hits


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
        meanings = beside.submit(vectors.meanings, snapshot, embedder=store.embedder)
        keywords = [index.search(query, store=store, total=len(snapshot.keys)) for query in queries]
        allowed = np.ones(len(snapshot.keys), np.bool_) if filters is None else _allowed(store, snapshot, filters)
    return score_passages(store, snapshot, keywords, meanings.result(), allowed=allowed, weights=weights)


def _allowed(store: VectorStore, snapshot: StoreSnapshot, filters: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Return for each passage of the snapshot whether its file matches ``filters``."""
    entries = VectorStoreFile.objects.filter(store=store).values_list("pk", "attributes")
    matching = [pk for pk, attributes in entries if matches(filters, attributes=attributes)]
    return np.isin(snapshot.entries, matching)


# --- results, read from the database: what is gone since its snapshot was made is left out ----------------------


def load_hits(
    candidates: Sequence[Candidate], *, query_terms: Sequence[Sequence[Term]], weights: RankingWeights
) -> list[Hit]:
    """Return the candidates whose rows exist and may be seen, in order. ``query_terms`` are those of each query."""
    # By their keys alone: with more conditions SQLite goes through all completed entries, 100 ms for 2,000 of them.
    rows = Passage.objects.filter(pk__in=[candidate.key for candidate in candidates]).select_related("entry__file")
    passages = {row.pk: row for row in rows.order_by() if _is_visible(row.entry)}
    hits = []
    for candidate in candidates:
        passage, scores, position = passages.get(candidate.key), candidate.scores, candidate.position
        if passage:
            passage.entry.store = scores.store
            ranges, similarities = scores.windows(position)
            hit = Hit(
                passage=passage,
                score=candidate.score,
                keyword=float(scores.keyword[position]),
                meaning=float(scores.meaning[position]),
                quote=_quote(passage, query_terms[scores.query[position]], ranges, similarities, weights),
            )
            hits.append(hit)
    return hits


def _is_visible(entry: VectorStoreFile) -> bool:
    return entry.status == VectorStoreFile.Status.COMPLETED and not entry.file.is_expired


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
        share = sum(_has(text, term) for term in terms) / len(terms) if terms else 0.0
        value = weights.text * share + weights.embedding * similarity
        if start < end and value > highest:
            best, highest = (start, end), value
    return best


def _has(text: str, term: Term) -> bool:
    """Return whether ``text`` has the words of ``term``: eastern characters side by side, others anywhere."""
    return "".join(term) in text if term[0] >= FIRST_EASTERN else all(word in text for word in term)
