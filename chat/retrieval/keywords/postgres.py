"""The index in PostgreSQL: ``tsvector`` with a GIN index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from chat.retrieval.keywords.terms import Term, words

MOST_ROWS = 2_000
"""The passages, of all terms together, that a query may read: each is unpacked, some ten microseconds."""

Floats = NDArray[np.float64]
Keys = NDArray[np.int64]
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


def passages(term: Term, *, scope: int) -> Keys:
    """Return the keys of all passages with ``term``, ascending."""
    sql = """SELECT rowid FROM chat_passage_words
             WHERE scope = %s AND words @@ phraseto_tsquery('english', %s) ORDER BY rowid"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [scope, " ".join(term)])
        return np.fromiter(chain.from_iterable(cursor.fetchall()), np.int64)


def times(keys: Keys, terms: Sequence[Term], *, where: NDArray[np.bool_], scope: int) -> tuple[Floats, Floats]:
    """Return how often each of ``terms`` is in each of the passages with ``keys``, (keys, terms), and their lengths.

    Only ``where`` they may be.
    """
    ranks = "".join([", ts_rank_cd(words, phraseto_tsquery('english', %s))"] * len(terms))
    sql = f"SELECT rowid, length(words){ranks} FROM chat_passage_words WHERE scope = %s AND rowid = ANY(%s)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [*(" ".join(term) for term in terms), scope, keys.tolist()])
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    rows = np.array([found.get(key, [0] * (1 + len(terms))) for key in keys.tolist()], np.float64)
    return np.where(where, rows[:, 1:] / _WEIGHT, 0), rows[:, 0]
