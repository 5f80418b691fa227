"""The index in SQLite: FTS5, where each word has its store's number before it.

So a word's list of passages is that of one store: a search costs what the store holds, and other stores change none of
its scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from chat.documents.words import stem
from chat.retrieval.keywords.terms import Term, words

MOST_ROWS = 10_000
"""The passages, of all terms together, that a query may read, some ten in a microsecond."""

Floats = NDArray[np.float64]
Keys = NDArray[np.int64]


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


def passages(term: Term, *, scope: int) -> Keys:
    """Return the keys of all passages with ``term``, ascending."""
    # In one text: as rows they take six times as long, and with FTS5's bm25(), which reads each one's size, fifteen.
    sql = "SELECT group_concat(rowid) FROM chat_passage_words WHERE chat_passage_words MATCH %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [_match(term, scope)])
        return np.fromstring(cursor.fetchone()[0] or "", np.int64, sep=",")


def times(keys: Keys, terms: Sequence[Term], *, where: NDArray[np.bool_], scope: int) -> tuple[Floats, Floats]:
    """Return how often each of ``terms`` is in each of the passages with ``keys``, (keys, terms), and their lengths.

    Only ``where`` they may be. Once is a term in other forms: words that begin alike are taken for these, as FTS5 gives
    no access to its stemmer.
    """
    written = [" ".join(f"{scope}x{word}" for word in term) + " " for term in terms]
    begun = [" ".join(f"{scope}x{word}" for word in (*term[:-1], stem(term[-1]))) for term in terms]
    sql = f"SELECT rowid, words FROM chat_passage_words WHERE rowid IN ({','.join(map(str, keys.tolist()))})"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found = dict(cursor.fetchall())
    counts, lengths = np.zeros(where.shape), np.zeros(len(keys))
    for row, key in enumerate(keys.tolist()):
        text = found.get(key, "") + " "
        lengths[row] = text.count(" ")
        for column in np.flatnonzero(where[row]).tolist():
            counts[row, column] = text.count(written[column]) or begun[column] in text
    return counts, lengths


def _match(term: Term, scope: int) -> str:
    # Words have no quotation marks in them.
    return '"' + " ".join(f"{scope}x{word}" for word in term) + '"'
