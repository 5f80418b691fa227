"""Finding passages by their words, by BM25 over the passages of one store."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import ModuleType

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from chat.models import Passage, VectorStore
from chat.retrieval import keywords_postgres, keywords_sqlite
from chat.retrieval.keywords_terms import Term, terms

HALF = 8.0
"""The BM25 that gives half of the highest score."""

LEAST_TERMS = 2
"""That are looked for, however many passages have them."""

Found = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Keys of passages, ascending, and their scores: 0..1."""


def add(passages: Sequence[Passage], *, store: VectorStore) -> None:
    """Make ``passages``, which have their rows, findable in ``store`` by the words of their text and heading.

    Replaces what was added before. Call it in the transaction that makes the rows; the words are removed with their
    passages by the database itself.
    """
    database().add([(passage.pk, f"{passage.heading}\n{passage.text}") for passage in passages], scope=store.pk)


def search(question: str, *, store: VectorStore, total: int) -> Found:
    """The passages of ``store`` that have words of ``question``; it has ``total`` passages.

    Words that very many passages have are left out: they cost the most and say the least.
    """
    found = [_weighed(term, store=store, total=total) for term in _rarest(question, store=store)]
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.float64)
    keys, places = np.unique(np.concatenate([keys for keys, _ in found]), return_inverse=True)
    scores = np.bincount(places, np.concatenate([scores for _, scores in found]))
    return keys, scores / (scores + HALF)


def _rarest(question: str, *, store: VectorStore) -> list[Term]:
    words = database()
    counts = {term: words.count(term, scope=store.pk) for term in terms(question)}
    kept: list[Term] = []
    read = 0
    for term in sorted((term for term in counts if counts[term]), key=counts.__getitem__):
        read += counts[term]
        if read > words.MOST_ROWS and len(kept) >= LEAST_TERMS:
            break
        kept.append(term)
    return kept


def _weighed(term: Term, *, store: VectorStore, total: int) -> Found:
    keys, shares = database().passages(term, scope=store.pk)
    having = len(keys)
    return keys, shares * math.log(1 + (max(total, having) - having + 0.5) / (having + 0.5))


def database() -> ModuleType:
    """What keeps the words."""
    return keywords_postgres if connection.vendor == "postgresql" else keywords_sqlite
