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
_NO_KEYS: Keys = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class KeywordMatches:
    """The passages that have the rarer terms of a query: their keys, ascending, and their BM25 if each has them once.

    ``weights`` are those of the query's terms that are in some passage, the rarest first; ``passages`` are the keys of
    those that have each of the rarer terms. ``highest`` is the BM25 of a passage that has every term of the query more
    often than counts; those that are in no passage weigh most.
    """

    keys: Keys
    scores: Floats
    weights: Mapping[Term, float]
    passages: Mapping[Term, Keys]
    highest: float


def add(passages: Sequence[Passage], *, store: VectorStore) -> None:
    """Index the headings and texts of ``passages``, which have their rows, in ``store``, in place of earlier ones.

    Call it in the transaction that inserts the rows. The database itself removes the words with their passages.
    """
    database.add([(passage.pk, f"{passage.heading}\n{passage.text}") for passage in passages], scope=store.pk)


def search(query: str, *, store: VectorStore, total: int) -> KeywordMatches:
    """Return the passages of ``store``, which has ``total``, that have terms of ``query``.

    Of the query's terms the rarest are looked up in all passages, as many as the database can read in some 10 ms, which
    in a store of 10,000 passages is nearly always all; ``count_terms`` looks for the others in the best of these.
    """
    asked, most = terms(query), max(database.MOST_ROWS, int(total * MOST_COUNTED))
    counts = {term: database.count(term, scope=store.pk, most=most) for term in asked}
    while counts and min(counts.values()) == most:  # which of them is the rarest has not been seen yet
        most *= 2
        counts = {term: database.count(term, scope=store.pk, most=most) for term in asked}
    ordered = sorted((term for term in counts if counts[term]), key=counts.__getitem__)
    ends = np.cumsum([counts[term] for term in ordered])
    rare = max(1, int(np.searchsorted(ends, database.MOST_ROWS, side="right")))  # how many can be read whole
    passages = {term: database.passages(term, scope=store.pk) for term in ordered[:rare]}
    counts |= {term: len(keys) for term, keys in passages.items()}
    weights = {term: weight(term) * _rarity(count, total) for term, count in counts.items()}
    keys, places = np.unique(np.concatenate([_NO_KEYS, *passages.values()]), return_inverse=True)
    each = np.concatenate([[], *(np.full(len(keys), weights[term]) for term, keys in passages.items())])
    return KeywordMatches(
        keys=keys,
        scores=np.bincount(places, each, minlength=len(keys)).astype(np.float64),
        weights={term: weights[term] for term in ordered},
        passages=passages,
        highest=MOST_SHARE * sum(weights.values()),
    )


def count_terms(matches: KeywordMatches, keys: Keys, *, store: VectorStore) -> Floats:
    """Return the BM25 of the passages with ``keys`` by how often they have each term, the common ones too."""
    known = np.zeros((len(keys), len(matches.weights)), np.bool_)
    possible = np.ones_like(known)
    for column, term in enumerate(matches.weights):
        if term in matches.passages:
            known[:, column] = possible[:, column] = np.isin(keys, matches.passages[term])
    times, lengths = database.times(keys, list(matches.weights), where=possible, scope=store.pk)
    # The index knows forms of a word that ``times`` may not.
    return np.asarray(shares(np.maximum(times, known), lengths) @ np.array(list(matches.weights.values())))


def normalize(bm25: Floats, *, highest: float) -> NDArray[np.float32]:
    """Return which share of the query's terms, by their weight, passages have: 0..1, compared across queries."""
    # A passage with one of six terms must not outweigh what a passage means, however rare the term is.
    return np.asarray(bm25 / highest if highest else bm25, np.float32)


def _rarity(count: int, total: int) -> float:
    """Return BM25's weight of a term that ``count`` of ``total`` passages have."""
    return math.log(1 + (max(total, count) - count + 0.5) / (count + 0.5))
