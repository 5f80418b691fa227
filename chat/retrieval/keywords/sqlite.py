"""The index in SQLite: FTS5, where each word has its store's number before it.

So a word's list of passages is that of one store: a search costs what the store holds, and other stores change none of
its scores.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from chat.documents.words import stem
from chat.retrieval.keywords.terms import MOST_SHARE, Term, words

MOST_ROWS = 10_000
"""The passages, of all terms together, that a query may read, at about a microsecond each."""


def add(texts: Iterable[tuple[int, str]], *, scope: int) -> None:
    """Index the words of each ``(passage's key, text)``, in place of earlier ones."""
    rows = [(key, " ".join(f"{scope}x{word}" for word in words(text))) for key, text in texts]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT OR REPLACE INTO chat_passage_words (rowid, words) VALUES (%s, %s)", rows)


def count(term: Term, *, scope: int, most: int) -> int:
    """Return how many passages have ``term``, up to ``most``; 16 are counted in a microsecond."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM chat_passage_words WHERE chat_passage_words MATCH %s LIMIT %s)"
    with connection.cursor() as cursor:
        cursor.execute(sql, [_match(term, scope), most])
        return int(cursor.fetchone()[0])


def passages(term: Term, *, scope: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the keys of all passages with ``term``, and its share of BM25 in each: 0..2.2, before its rarity."""
    sql = "SELECT rowid, bm25(chat_passage_words) FROM chat_passage_words WHERE chat_passage_words MATCH %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [_match(term, scope)])
        rows = np.fromiter(chain.from_iterable(cursor.fetchall()), np.float64).reshape(-1, 2)
        cursor.execute("SELECT count(*) FROM chat_passage_words_docsize")  # a million in less than a millisecond
        total = int(cursor.fetchone()[0])
    # FTS5 takes the passages of all stores for one collection and multiplies by a term's rarity in it.
    fts5_rarity = max(math.log((total - len(rows) + 0.5) / (len(rows) + 0.5)), 0.0) or 1e-6
    # Passages that came in between may make the rarity a little wrong, and so a tiny one by many times.
    return rows[:, 0].astype(np.int64), (-rows[:, 1] / fts5_rarity).clip(0, MOST_SHARE)


def times(keys: NDArray[np.int64], terms: Sequence[Term], *, scope: int) -> NDArray[np.float64]:
    """Return about how often each of ``terms`` is in each of the passages with ``keys``: (keys, terms)."""
    # Words that begin alike count as forms of one, because FTS5 gives no access to its stemmer.
    begin = [" ".join(f"{scope}x{word}" for word in (*term[:-1], stem(term[-1]))) for term in terms]
    sql = f"SELECT rowid, words FROM chat_passage_words WHERE rowid IN ({','.join(map(str, keys.tolist()))})"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql)
        texts = dict(cursor.fetchall())
    return np.array([[texts.get(key, "").count(term) for term in begin] for key in keys.tolist()], np.float64)


def _match(term: Term, scope: int) -> str:
    # Words have no quotation marks in them.
    return '"' + " ".join(f"{scope}x{word}" for word in term) + '"'
