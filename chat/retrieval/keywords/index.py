"""Finding passages by their words, by BM25 over the passages of one store."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from chat.models import Passage, VectorStore
from chat.retrieval.keywords import postgres, sqlite
from chat.retrieval.keywords.terms import Term, shares, terms

HALF = 8.0
"""The BM25 that gives half of the highest score."""

MOST_COUNTED = 0.1
"""Of the passages of a large store: words that more have all count for as little.

With ``MOST_ROWS`` and the 200 passages that are looked at for the rest, questions in 67,000 passages of manual pages
had nDCG@10 50.7 by words alone, for 26 ms of CPU; with all words in all passages 50.5, for 150 ms.
"""

Floats = NDArray[np.float64]
Keys = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """Keys of passages, ascending, and their BM25 for the rarer terms. ``common`` are the others, with their rarity."""

    keys: Keys
    scores: Floats
    common: Mapping[Term, float]


def add(passages: Sequence[Passage], *, store: VectorStore) -> None:
    """Make ``passages``, which have their rows, findable in ``store`` by the words of their text and heading.

    Replaces what was added before. Call it in the transaction that makes the rows; the words are removed with their
    passages by the database itself.
    """
    database().add([(passage.pk, f"{passage.heading}\n{passage.text}") for passage in passages], scope=store.pk)


def search(question: str, *, store: VectorStore, total: int) -> Found:
    """The passages of ``store``, which has ``total``, that have words of ``question``.

    Of a question's terms the rarest are looked for in all passages, as many as the database can read in some 10 ms,
    which in a store of 10,000 passages is nearly always all; ``common_scores`` tells of the others.
    """
    rare, common = _parted(question, store=store, total=total)
    found = [database().passages(term, scope=store.pk) for term in rare]
    if not found:
        return Found(np.zeros(0, np.int64), np.zeros(0, np.float64), {})
    keys, places = np.unique(np.concatenate([keys for keys, _ in found]), return_inverse=True)
    weighed = np.concatenate([shares * _rarity(len(keys), total) for keys, shares in found])
    scores = np.bincount(places, weighed).astype(np.float64)
    return Found(keys, scores, common)


def common_scores(found: Found, keys: Keys, *, store: VectorStore) -> Floats:
    """What the common terms add to the BM25 of the passages with ``keys``."""
    times: Floats = database().times(keys, list(found.common), scope=store.pk)
    return np.asarray(shares(times) @ np.array(list(found.common.values())))


def scores(bm25: Floats) -> NDArray[np.float32]:
    """0..1, whatever the question."""
    return np.asarray(bm25 / (bm25 + HALF), np.float32)


def _parted(question: str, *, store: VectorStore, total: int) -> tuple[list[Term], dict[Term, float]]:
    """The rarest terms, whose passages can be read, and the others, with their rarity."""
    most = max(database().MOST_ROWS, int(total * MOST_COUNTED))
    counts = {term: database().count(term, scope=store.pk, most=most) for term in terms(question)}
    ordered = sorted((term for term in counts if counts[term]), key=counts.__getitem__)
    ends = np.cumsum([counts[term] for term in ordered])
    rare = max(1, int(np.searchsorted(ends, database().MOST_ROWS, side="right")))
    return ordered[:rare], {term: _rarity(counts[term], total) for term in ordered[rare:]}


def _rarity(having: int, total: int) -> float:
    """BM25's weight of a term that ``having`` of ``total`` passages have."""
    return math.log(1 + (max(total, having) - having + 0.5) / (having + 0.5))


def database() -> ModuleType:
    """What keeps the words."""
    return postgres if connection.vendor == "postgresql" else sqlite
