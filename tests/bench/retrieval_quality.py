"""How good the answers are: nDCG@10 and recall@20 of words, meaning and both, on questions with known answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chat.models import Passage, VectorStore
from chat.providers.base import Embedder
from chat.retrieval.search.scores import RankingWeights
from chat.retrieval.search.search import Hit, search_stores
from tests.bench.retrieval_set import Document, Question

WAYS = {"words": RankingWeights(1, 0), "meaning": RankingWeights(0, 1), "both": RankingWeights()}


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over the questions, in percent."""

    ndcg: float
    recall: float


def measure(
    store: VectorStore, documents: Sequence[Document], weights: RankingWeights, *, embedder: Embedder
) -> Quality:
    """Every question of ``documents`` is asked in ``store``, which has them all."""
    results = []
    for document in documents:
        passages = list(Passage.objects.filter(entry__store=store, entry__attributes__name=document.name))
        for question in document.questions:
            right = {passage.pk for passage in passages if _answers(passage, question)}
            hits = search_stores(
                [store], [question.text], limit=20, weights=weights, embedder_of=lambda _store: embedder
            )
            if right:
                results.append((_ndcg(hits, right), _recall(hits, right)))
    return Quality(*(100 * sum(column) / len(results) for column in zip(*results, strict=True)))


def _answers(passage: Passage, question: Question) -> bool:
    start, end = question.answer
    return passage.char_from <= start and end <= passage.char_to


def _ndcg(hits: Sequence[Hit], right: set[int]) -> float:
    """Of the first ten: 1 if all that is right comes first."""
    gain = sum(1 / math.log2(place + 2) for place, hit in enumerate(hits[:10]) if hit.passage.pk in right)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(10, len(right))))


def _recall(hits: Sequence[Hit], right: set[int]) -> float:
    return len(right & {hit.passage.pk for hit in hits}) / len(right)
