"""Words in PostgreSQL: ``tsvector`` with a GIN index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from chat.retrieval.keywords_terms import Term, words

MOST_ROWS = 2_000
"""Passages of all terms together whose shares a question may read: each is unpacked, some ten microseconds."""

_SATURATION = 1.2  # BM25's k1; passages are of about the same length, so length does not count


def add(texts: Iterable[tuple[int, str]], *, scope: int) -> None:
    """Keep the words of each ``(passage's key, text)``, instead of those kept before."""
    sql = """INSERT INTO chat_passage_words (rowid, scope, words) VALUES (%s, %s, to_tsvector('english', %s))
             ON CONFLICT (rowid) DO UPDATE SET scope = excluded.scope, words = excluded.words"""
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(key, scope, " ".join(words(text))) for key, text in texts])


def count(term: Term, *, scope: int, most: int) -> int:
    """How many passages have ``term``; no more than ``most`` are counted."""
    sql = """SELECT count(*) FROM (SELECT 1 FROM chat_passage_words
             WHERE scope = %s AND words @@ phraseto_tsquery('english', %s) LIMIT %s) AS found"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [scope, " ".join(term), most])
        return int(cursor.fetchone()[0])


def passages(term: Term, *, scope: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The keys of all passages that have ``term``, and its share of BM25 in each, 0..2.2, before rarity weighs it."""
    sql = """SELECT rowid, ts_rank_cd(words, query) FROM chat_passage_words, phraseto_tsquery('english', %s) AS query
             WHERE scope = %s AND words @@ query"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [" ".join(term), scope])
        rows = np.fromiter(chain.from_iterable(cursor.fetchall()), np.float64).reshape(-1, 2)
    times = 10 * rows[:, 1]  # the weight of a plain word is 0.1
    return rows[:, 0].astype(np.int64), times * (1 + _SATURATION) / (times + _SATURATION)


def passages_among(term: Term, others: Sequence[Term], *, scope: int) -> NDArray[np.int64]:
    """The keys of the passages that have ``term`` and one of ``others``, which have fewer."""
    one_of = " || ".join(["phraseto_tsquery('english', %s)"] * len(others))
    sql = f"""SELECT rowid FROM chat_passage_words
              WHERE scope = %s AND words @@ (phraseto_tsquery('english', %s) && ({one_of}))"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [scope, " ".join(term), *(" ".join(other) for other in others)])
        return np.fromiter(chain.from_iterable(cursor.fetchall()), np.int64)
