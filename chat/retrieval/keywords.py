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

LEAST_TERMS = 1
"""That are looked for, however many passages have them."""

TOO_COMMON = 0.25
"""Of the passages of a large store: words that more have are left out unless there are no others."""

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

    In a large store the words that many passages have are looked for only beside the rarer ones, and count once.
    """
    rare, common = _parted(question, store=store, total=total)
    found = [_weighed(*database().passages(term, scope=store.pk), total=total) for term in rare]
    for term, having in common.items():
        keys = database().passages_among(term, rare, scope=store.pk)
        found.append((keys, np.full(len(keys), _rarity(having, total))))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.float64)
    keys, places = np.unique(np.concatenate([keys for keys, _ in found]), return_inverse=True)
    scores = np.bincount(places, np.concatenate([scores for _, scores in found]))
    return keys, scores / (scores + HALF)


def _parted(question: str, *, store: VectorStore, total: int) -> tuple[list[Term], dict[Term, int]]:
    """The rarest terms, whose passages can be read, and the others, with the numbers of theirs."""
    most = max(database().MOST_ROWS, int(total * TOO_COMMON))
    counts = {term: database().count(term, scope=store.pk, most=most) for term in terms(question)}
    ordered = sorted((term for term in counts if counts[term]), key=counts.__getitem__)
    ends = np.cumsum([counts[term] for term in ordered])
    rare = max(LEAST_TERMS, int(np.searchsorted(ends, database().MOST_ROWS, side="right")))
    return ordered[:rare], {term: counts[term] for term in ordered[rare:] if counts[term] < most}


def _weighed(keys: NDArray[np.int64], shares: NDArray[np.float64], *, total: int) -> Found:
    return keys, shares * _rarity(len(keys), total)


def _rarity(having: int, total: int) -> float:
    """BM25's weight of a term that ``having`` of ``total`` passages have."""
    return math.log(1 + (max(total, having) - having + 0.5) / (having + 0.5))


def database() -> ModuleType:
    """What keeps the words."""
    return keywords_postgres if connection.vendor == "postgresql" else keywords_sqlite
