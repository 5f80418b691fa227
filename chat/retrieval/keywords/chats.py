"""The full-text index of chats: the words of titles and messages. Whoever writes these adds to it; search reads it.

A row has a message's or title's text, in lower case and without accents, and each word of it once, with its owner's
number before it: so a word's list of rows is that of one owner. The number alone is a word of each of these rows.
Triggers remove the rows of what is deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL

from chat.documents.letters import plain
from chat.models import Message, Thread, User
from chat.retrieval.keywords.terms import words

MESSAGES, TITLES = "chat_message_words", "chat_thread_words"
EVERYONE = 0  # in place of an owner's number
MOST_WORDS = 32
"""The words of a query that are looked for: the rest of a pasted text adds little."""

_LONGEST = 64  # characters of a word that count


class _Syntax(NamedTuple):
    """Conditions for the rows of a table that have words, and a text; and a query for keys, as others contain it."""

    has_words: str
    has_text: str
    keys: str = "{0}"


_SQL = {
    "sqlite": _Syntax("{0} MATCH %s", "instr(text, %s)"),
    # Of the rows of an array it expects few, and so reads the others by their keys.
    "postgresql": _Syntax("words @@ %s::tsquery", "position(%s in text) > 0", "SELECT unnest(ARRAY({0}))"),
}


def add_message(message: Message, *, owner_id: int) -> None:
    """Index a message of the user ``owner_id`` whose text has been written, in place of an earlier text."""
    add(MESSAGES, [(message.pk, owner_id, message.text)])


def add_title(thread: Thread) -> None:
    """Index the title of a thread, in place of an earlier one."""
    add(TITLES, [(thread.pk, thread.owner_id, thread.title)])


def add(table: str, rows: Iterable[tuple[int, int, str]]) -> None:
    """Index texts, each ``(primary key of its row, its owner's, text)``, in place of earlier ones."""
    values = [(key, _indexed(table, plain_text, owner), plain_text) for key, owner, plain_text in _plain(rows)]
    sql = f"INSERT OR REPLACE INTO {table} (rowid, words, text) VALUES (%s, %s, %s)"  # noqa: S608
    if connection.vendor == "postgresql":
        sql = f"""INSERT INTO {table} (rowid, words, text) VALUES (%s, array_to_tsvector(%s::text[]), %s)
                  ON CONFLICT (rowid) DO UPDATE SET words = excluded.words, text = excluded.text"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(sql, values)


def search_threads(owner: User, query: str) -> QuerySet[Thread]:
    """Return the threads of ``owner`` that have each word of ``query`` in the title or in a message; without words all.

    A word is found by its beginning, in any script and case; what has other characters in it, exactly as it stands.
    """
    threads = Thread.objects.owned_by(owner)
    if wanted := _words_of(query):
        # The index knows whose rows they are. That no other one knows the owner makes the database begin with it.
        threads = Thread.objects.alias(owner_number=F("owner_id") + 0).filter(owner_number=owner.pk)
    for word in wanted:
        in_titles, in_messages = _rows(TITLES, word, owner.pk), _rows(MESSAGES, word, owner.pk)
        sql = f"""SELECT thread.number FROM chat_thread thread JOIN chat_message ON thread.id = chat_message.thread_id
                  WHERE chat_message.number IN ({in_messages.sql}) UNION {in_titles.sql}"""  # noqa: S608
        threads = threads.filter(number__in=RawSQL(sql, [*in_messages.params, *in_titles.params]))  # noqa: S611
    return threads


def search_titles(query: str) -> Q:
    """Return the filter of the threads of all owners that have each word of ``query`` in the title."""
    found = Q()
    for word in _words_of(query):
        found &= Q(number__in=_rows(TITLES, word, EVERYONE))
    return found


def _words_of(query: str) -> list[str]:
    return list(dict.fromkeys(plain(query).split()))[:MOST_WORDS]


def _rows(table: str, word: str, owner: int) -> RawSQL:
    """Return the query for the keys of the owner's rows that have ``word``, which is plain."""
    database = _SQL[connection.vendor]
    found = list(words(word))
    condition, values = database.has_words.format(table), [_match(found, owner)]
    if found != [word]:
        condition, values = f"{condition} AND {database.has_text}", [*values, word]
    sql = database.keys.format(f"SELECT rowid FROM {table} WHERE {condition}")  # noqa: S608
    return RawSQL(sql, values)  # noqa: S611 -- of constants; values are parameters


def _match(found: list[str], owner: int) -> str:
    """Return FTS5's or PostgreSQL's query for the rows of an owner that have words with these beginnings."""
    beginnings = [f"{owner}x{word[:_LONGEST]}" for word in found or ("",)]
    if connection.vendor == "sqlite":  # words have no quotation marks in them
        return " AND ".join(f'"{word}"*' for word in beginnings)
    return " & ".join(f"'{word}':*" for word in beginnings)


def _plain(rows: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    return ((key, owner, plain(text)) for key, owner, text in rows)


def _indexed(table: str, text: str, owner: int) -> str | list[str]:
    """Return the words of a plain ``text`` as the database takes them. Titles are everyone's too, for the staff."""
    found = dict.fromkeys(word[:_LONGEST] for word in words(text))
    scopes = (owner, EVERYONE) if table == TITLES else (owner,)
    scoped = [f"{scope}x{word}" for scope in scopes for word in ("", *found)]
    return " ".join(scoped) if connection.vendor == "sqlite" else scoped
