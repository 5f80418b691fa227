"""Search in a vector store (reference, section 9). The API and the admin call it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chat.actions.knowledge import enqueue, vector_stores
from chat.actions.knowledge.query_rewriting import rewrite_query
from chat.models import User
from chat.retrieval.search.scores import RankingWeights
from chat.retrieval.search.search import DEFAULT_WEIGHTS, Hit, search_stores


@dataclass(frozen=True, slots=True)
class SearchResults:
    """The queries that were searched for, and the hits, best first."""

    queries: list[str]
    hits: list[Hit]


def search(
    user: User,
    store_id: str,
    *,
    queries: Sequence[str],
    limit: int = 10,
    threshold: float = 0.0,
    filters: Mapping[str, Any] | None = None,
    weights: RankingWeights = DEFAULT_WEIGHTS,
    rewrite: bool = False,
) -> SearchResults:
    """Return the passages of the user's store that fit any of ``queries`` best.

    There are at most ``limit``, each with a score of ``threshold`` (0 to 1) or more. With ``rewrite`` the queries are
    questions, of which the words of asking are left out. The search is a use of the store, for its expiry. Raise
    ``Absent``, and ``InvalidRequest`` when the store has expired.
    """
    store = vector_stores.get(user, store_id)
    enqueue.check_alive(store)
    store.touch()
    searched = [rewrite_query(query) for query in queries] if rewrite else list(queries)
    return SearchResults(
        searched, search_stores([store], searched, limit=limit, threshold=threshold, filters=filters, weights=weights)
    )
