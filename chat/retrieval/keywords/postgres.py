"""The index in PostgreSQL: ``tsvector`` with a GIN index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from chat.retrieval.keywords.terms import Term, shares, words

MOST_ROWS = 2_000
"""The passages, of all terms together, that a query may read: each is unpacked, some ten microseconds."""

_WEIGHT = 0.1  # of a plain word, in ``ts_rank_cd``


def add(texts: Iterable[tuple[int, str]], *, scope: int) -> None:
    """Index the words of each ``(passage's key, text)``, in place of earlier ones."""
    sql = """INSERT INTO chat_passage_words (rowid, scope, words) VALUES (%s, %s, to_tsvector('english', %s))
             ON CONFLICT (rowid) DO UPDATE SET scope = excluded.scope, words = excluded.words"""
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(key, scope, " ".join(words(text))) for key, text in texts])


def count(term: Term, *, scope: int, most: int) -> int:
    """Return how many passages have ``term``, up to ``most``."""
    sql = """SELECT count(*) FROM (SELECT 1 FROM chat_passage_words
             WHERE scope = %s AND words @@ phraseto_tsquery('english', %s) LIMIT %s) AS found"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [scope, " ".join(term), most])
        return int(cursor.fetchone()[0])


def passages(term: Term, *, scope: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the keys of all passages with ``term``, and its share of BM25 in each: 0..2.2, before its rarity."""
    sql = """SELECT rowid, ts_rank_cd(words, query) FROM chat_passage_words, phraseto_tsquery('english', %s) AS query
             WHERE scope = %s AND words @@ query"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [" ".join(term), scope])
        rows = np.fromiter(chain.from_iterable(cursor.fetchall()), np.float64).reshape(-1, 2)
    return rows[:, 0].astype(np.int64), shares(rows[:, 1] / _WEIGHT)


def times(keys: NDArray[np.int64], terms: Sequence[Term], *, scope: int) -> NDArray[np.float64]:
    """Return how often each of ``terms`` is in each of the passages with ``keys``: (keys, terms)."""
    ranks = ", ".join(["ts_rank_cd(words, phraseto_tsquery('english', %s))"] * len(terms))
    sql = f"SELECT rowid, {ranks} FROM chat_passage_words WHERE scope = %s AND rowid = ANY(%s)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [*(" ".join(term) for term in terms), scope, keys.tolist()])
        weights = {row[0]: row[1:] for row in cursor.fetchall()}
    return np.array([weights.get(key, [0] * len(terms)) for key in keys.tolist()], np.float64) / _WEIGHT
