"""The full-text indexes made anew of the rows, where they came without them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from operator import itemgetter

from django.db import connection

from chat.models import Message, Passage, Thread, VectorStore
from chat.models.threads import texts_of
from chat.retrieval.keywords import chats, index

ROWS = 500  # read and written at once


def fill() -> None:
    """Index all passages, titles and messages. Call it in a transaction in which the indexes are empty."""
    # Only columns that have always been there: the tables may be those of an earlier version.
    tables = set(connection.introspection.table_names())
    if "chat_passage_words" in tables:
        _fill_passages()
    if chats.TITLES in tables:
        titles = Thread.objects.exclude(title="").values_list("pk", "owner_id", "title")
        _fill_chats(chats.TITLES, titles.order_by("pk").iterator(ROWS))
        _fill_chats(chats.MESSAGES, _messages())


def _fill_passages() -> None:
    passages = Passage.objects.values_list("entry__store__number", "pk", "heading", "text").order_by("entry", "pk")
    for store, rows in groupby(passages.iterator(ROWS), key=itemgetter(0)):
        while batch := list(islice(rows, ROWS)):
            made = [Passage(id=key, heading=heading, text=text) for _, key, heading, text in batch]
            index.add(made, store=VectorStore(number=store))


def _messages() -> Iterator[tuple[int, int, str]]:
    messages = Message.objects.exclude(status="in_progress").values_list("pk", "thread__owner_id", "content")
    for key, owner, content in messages.order_by("pk").iterator(ROWS):
        yield key, owner, "\n\n".join(texts_of(content))


def _fill_chats(table: str, texts: Iterable[tuple[int, int, str]]) -> None:
    rest = iter(texts)
    while batch := list(islice(rest, ROWS)):
        chats.add(table, batch)
