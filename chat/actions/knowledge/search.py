"""Searching the user's vector stores (reference, section 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chat.actions.knowledge import enqueue, vector_stores
from chat.actions.knowledge.query_rewriting import rewritten
from chat.models import User
from chat.retrieval.search.hits import Hit
from chat.retrieval.search.scores import RankingWeights
from chat.retrieval.search.search import DEFAULT_WEIGHTS, search_stores


@dataclass(frozen=True, slots=True)
class Found:
    """``queries`` is what was searched for, ``hits`` the best first."""

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
) -> Found:
    """The passages of the user's store that fit any of ``queries`` best, at most ``limit`` with at least ``threshold``.

    With ``rewrite`` the queries are what people ask, of which only what they ask for is looked for. That is a use of
    the store: its days begin anew. Raises ``Absent``, and ``InvalidRequest`` when the store has expired.
    """
    store = vector_stores.get(user, store_id)
    enqueue.check_alive(store)
    store.touch()
    wanted = [rewritten(query) for query in queries] if rewrite else list(queries)
    return Found(
        wanted, search_stores([store], wanted, limit=limit, threshold=threshold, filters=filters, weights=weights)
    )
