"""The full-text index of chats: the words of titles and messages. Whoever writes these adds to it; search reads it.

A row has a message's or title's text, in lower case and without accents, and each word of it once, with its owner's
number before it: so a word's list of rows is that of one owner. Triggers remove the rows of what is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from chat.models import Message, Thread, User
from chat.retrieval.keywords.terms import plain, words

MESSAGES, TITLES = "chat_message_words", "chat_thread_words"
MOST_WORDS = 32
"""The words of a query that are looked for: the rest of a pasted text adds little."""

_LONGEST = 64  # characters of a word that count
_SQL = {
    "sqlite": ("{0} MATCH %s", "instr(text, %s)"),
    "postgresql": ("words @@ %s::tsquery", "position(%s in text) > 0"),
}


def add_message(message: Message, *, owner_id: int) -> None:
    """Index a message of the user ``owner_id`` whose text has been written, in place of an earlier text."""
    add(MESSAGES, [(message.pk, owner_id, message.text)])


def add_title(thread: Thread) -> None:
    """Index the title of a thread, in place of an earlier one."""
    add(TITLES, [(thread.pk, thread.owner_id, thread.title)])


def add(table: str, rows: list[tuple[int, int, str]]) -> None:
    """Index texts, each ``(primary key of its row, its owner's, text)``, in place of earlier ones."""
    plain_texts = [(key, owner, plain(text)) for key, owner, text in rows]
    values: list[tuple[int, str | list[str], str]]
    if connection.vendor == "sqlite":
        sql = f"INSERT OR REPLACE INTO {table} (rowid, words, text) VALUES (%s, %s, %s)"  # noqa: S608
        values = [(key, " ".join(_indexed_words(text, owner)), text) for key, owner, text in plain_texts]
    else:
        sql = f"""INSERT INTO {table} (rowid, words, text) VALUES (%s, array_to_tsvector(%s::text[]), %s)
                  ON CONFLICT (rowid) DO UPDATE SET words = excluded.words, text = excluded.text"""  # noqa: S608
        values = [(key, list(_indexed_words(text, owner)), text) for key, owner, text in plain_texts]
    with connection.cursor() as cursor:
        cursor.executemany(sql, values)


def filter_threads(threads: QuerySet[Thread], query: str, *, owner: User) -> QuerySet[Thread]:
    """Return those of ``threads``, which are ``owner``'s, that have each word of ``query`` in the title or a message.

    A word is found by its beginning, in any script and case; what has other characters in it, exactly as it stands.
    """
    for word in list(dict.fromkeys(plain(query).split()))[:MOST_WORDS]:
        messages = Message.objects.filter(number__in=_rows(MESSAGES, word, owner))
        threads = threads.filter(Q(id__in=messages.values("thread_id")) | Q(number__in=_rows(TITLES, word, owner)))
    return threads


def _rows(table: str, word: str, owner: User) -> RawSQL:
    """Return the query for the keys of the owner's rows that have ``word``, which is plain."""
    has_words, has_text = _SQL[connection.vendor]
    found = list(words(word))
    sql, values = f"SELECT rowid FROM {table} WHERE {has_words.format(table)}", [_match(found, owner.pk)]  # noqa: S608
    if found != [word]:
        sql, values = f"{sql} AND {has_text}", [*values, word]
    return RawSQL(sql, values)  # noqa: S611 -- of constants; values are parameters


def _match(found: list[str], owner: int) -> str:
    """Return FTS5's or PostgreSQL's query for the rows of an owner that have words with these beginnings."""
    beginnings = [f"{owner}x{word[:_LONGEST]}" for word in found] or [_every_row(owner)]
    if connection.vendor == "sqlite":  # words have no quotation marks in them
        return " AND ".join(f'"{word}"*' for word in beginnings)
    return " & ".join(f"'{word}':*" for word in beginnings)


def _indexed_words(text: str, owner: int) -> Iterator[str]:
    yield _every_row(owner)
    yield from dict.fromkeys(f"{owner}x{word[:_LONGEST]}" for word in words(text))


def _every_row(owner: int) -> str:
    """Return the word that each row of an owner has."""
    return f"{owner}x"
