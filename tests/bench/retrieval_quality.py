"""How good the answers are: nDCG@10 and recall@20 of plain BM25, words, meaning and both, on questions with known
answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chat.models import Passage, VectorStore
from chat.providers.base import Embedder
from chat.retrieval.search.scores import RankingWeights
from chat.retrieval.search.search import search_stores
from tests.bench.plain_bm25 import PlainBM25
from tests.bench.retrieval_set import Document, Question

WEIGHTS = {"words": RankingWeights(1, 0), "meaning": RankingWeights(0, 1), "both": RankingWeights()}
LIMIT = 20
Search = Callable[[str], Sequence[int]]
"""The keys of at most ``LIMIT`` passages for a question, the best first."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over the questions, in percent."""

    ndcg: float
    recall: float


def measure_all(store: VectorStore, documents: Sequence[Document], *, embedder: Embedder) -> dict[str, Quality]:
    """Ask every question of ``documents`` in ``store``, which has them all, in each way."""
    plain = PlainBM25(dict(Passage.objects.filter(entry__store=store).values_list("pk", "text")))
    searches: dict[str, Search] = {"plain BM25": lambda question: plain.search(question, limit=LIMIT)}
    searches |= {name: _hybrid(store, weights, embedder) for name, weights in WEIGHTS.items()}
    return {name: measure(store, documents, search) for name, search in searches.items()}


def _hybrid(store: VectorStore, weights: RankingWeights, embedder: Embedder) -> Search:
    def search(question: str) -> list[int]:
        hits = search_stores([store], [question], limit=LIMIT, weights=weights, embedder_of=lambda _store: embedder)
        return [hit.passage.pk for hit in hits]

    return search


def measure(store: VectorStore, documents: Sequence[Document], search: Search) -> Quality:
    """Ask every question of ``documents``."""
    results = []
    for document in documents:
        passages = list(Passage.objects.filter(entry__store=store, entry__attributes__name=document.name))
        for question in document.questions:
            right = {passage.pk for passage in passages if _answers(passage, question)}
            if right:
                found = search(question.text)
                results.append((_ndcg(found, right), _recall(found, right)))
    return Quality(*(100 * sum(column) / len(results) for column in zip(*results, strict=True)))


def _answers(passage: Passage, question: Question) -> bool:
    start, end = question.answer
    return passage.char_from <= start and end <= passage.char_to


def _ndcg(found: Sequence[int], right: set[int]) -> float:
    """Of the first ten: 1 if all that is right comes first."""
    gain = sum(1 / math.log2(place + 2) for place, key in enumerate(found[:10]) if key in right)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(10, len(right))))


def _recall(found: Sequence[int], right: set[int]) -> float:
    return len(right.intersection(found)) / len(right)
