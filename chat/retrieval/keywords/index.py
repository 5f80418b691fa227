"""The full-text index of passages: BM25 over the passages of one store. Indexing adds to it, search reads it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from chat.models import Passage, VectorStore
from chat.retrieval.keywords import postgres, sqlite
from chat.retrieval.keywords.terms import MOST_SHARE, Term, shares, terms, weight

MOST_COUNTED = 0.1
"""The share of a large store's passages up to which the rarity of a term is counted; all more common terms weigh alike.

With ``MOST_ROWS`` and the 200 passages that are looked at for the rest, questions in 67,000 passages of manual pages
had nDCG@10 50.7 by words alone, for 26 ms of CPU; with all words in all passages 50.5, for 150 ms.
"""

database = postgres if connection.vendor == "postgresql" else sqlite  # the one that holds the index

Floats = NDArray[np.float64]
Keys = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KeywordMatches:
    """The passages that have the rarer terms of a query: their keys, ascending, and their BM25 for these terms.

    ``common`` are the query's other terms, with their rarity. ``highest`` is the BM25 of a passage that has every term
    of the query more often than counts; those that are in no passage weigh most.
    """

    keys: Keys
    scores: Floats
    common: Mapping[Term, float]
    highest: float


def add(passages: Sequence[Passage], *, store: VectorStore) -> None:
    """Index the headings and texts of ``passages``, which have their rows, in ``store``, in place of earlier ones.

    Call it in the transaction that inserts the rows. The database itself removes the words with their passages.
    """
    database.add([(passage.pk, f"{passage.heading}\n{passage.text}") for passage in passages], scope=store.pk)


def search(query: str, *, store: VectorStore, total: int) -> KeywordMatches:
    """Return the passages of ``store``, which has ``total``, that have terms of ``query``.

    Of the query's terms the rarest are looked up in all passages, as many as the database can read in some 10 ms, which
    in a store of 10,000 passages is nearly always all; ``common_scores`` adds the others.
    """
    asked, most = terms(query), max(database.MOST_ROWS, int(total * MOST_COUNTED))
    counts = {term: database.count(term, scope=store.pk, most=most) for term in asked}
    while counts and min(counts.values()) == most:  # which of them is the rarest has not been seen yet
        most *= 2
        counts = {term: database.count(term, scope=store.pk, most=most) for term in asked}
    ordered = sorted((term for term in counts if counts[term]), key=counts.__getitem__)
    ends = np.cumsum([counts[term] for term in ordered])
    rare = max(1, int(np.searchsorted(ends, database.MOST_ROWS, side="right")))  # how many can be read whole
    weights = {term: weight(term) * _rarity(count, total) for term, count in counts.items()}
    common = {term: weights[term] for term in ordered[rare:]}
    highest = MOST_SHARE * sum(weights.values())
    lists = [(term, *database.passages(term, scope=store.pk)) for term in ordered[:rare]]
    if not lists:
        return KeywordMatches(np.zeros(0, np.int64), np.zeros(0, np.float64), {}, highest)
    keys, places = np.unique(np.concatenate([keys for _, keys, _ in lists]), return_inverse=True)
    weighted = np.concatenate([shares * weight(term) * _rarity(len(keys), total) for term, keys, shares in lists])
    return KeywordMatches(keys, np.bincount(places, weighted).astype(np.float64), common, highest)


def common_scores(matches: KeywordMatches, keys: Keys, *, store: VectorStore) -> Floats:
    """Return what the common terms add to the BM25 of the passages with ``keys``."""
    times: Floats = database.times(keys, list(matches.common), scope=store.pk)
    return np.asarray(shares(times) @ np.array(list(matches.common.values())))


def normalize(bm25: Floats, *, highest: float) -> NDArray[np.float32]:
    """Return which share of the query's terms, by their weight, passages have: 0..1, compared across queries."""
    # A passage with one of six terms must not outweigh what a passage means, however rare the term is.
    return np.asarray(bm25 / highest if highest else bm25, np.float32)


def _rarity(count: int, total: int) -> float:
    """Return BM25's weight of a term that ``count`` of ``total`` passages have."""
    return math.log(1 + (max(total, count) - count + 0.5) / (count + 0.5))
