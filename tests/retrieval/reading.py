"""Files in stores and how they become searchable, with an embedder that needs no model."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.db import connection, connections
from numpy.typing import NDArray

from chat.actions.knowledge import enqueue
from chat.models import File, Passage, User, VectorStore, VectorStoreFile, Window
from chat.providers.sign_rows import Rows
from chat.retrieval.indexing import claims
from chat.retrieval.indexing.claims import Claim
from chat.retrieval.indexing.index_file import index_entry

SMALL = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}}
WORDS = 20  # of a window
DIMENSIONS = 8


class PlainEmbedder:
    """Windows of twenty words, vectors that depend on nothing but the words. Remembers what it was asked.

    ``before`` is called with the texts of each call.
    """

    def __init__(self, before: Callable[[Sequence[str]], object] = lambda texts: None) -> None:
        self.before = before
        self.asked: list[str] = []
        self.lock = threading.Lock()

    def windows(self, text: str) -> list[tuple[int, int]]:
        words = [(found.start(), found.end()) for found in re.finditer(r"\w+", text)]
        return [(some[0][0], some[-1][1]) for some in (words[at : at + WORDS] for at in range(0, len(words), WORDS))]

    def embed(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        self.before(texts)
        with self.lock:
            self.asked += texts
        return np.array([vector(text) for text in texts], dtype=np.float32)

    def similarities(self, rows: Rows, query: NDArray[np.float32]) -> NDArray[np.float32]:
        return rows.dot(query)

    def close(self) -> None:
        pass


def vector(text: str) -> NDArray[np.float32]:
    drawn = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype="<u4").astype(np.float32)
    return drawn / np.linalg.norm(drawn)


def file_with(owner: User, name: str, content: bytes) -> File:
    file = File(owner=owner, filename=name, content_type="text/plain", bytes=len(content))
    file.content.save(file.id, ContentFile(content), save=False)
    file.save()
    return file


def store_of(owner: User, *files: File, strategy: Any = None, **fields: Any) -> VectorStore:
    store = VectorStore.objects.create(owner=owner, **fields)
    enqueue.add_files(store, [enqueue.NewEntry(file, chunking_strategy=strategy) for file in files])
    return store


def only(store: VectorStore) -> VectorStoreFile:
    """The only entry of the store, as it is now."""
    return store.entries.get()


def claimed(entry: VectorStoreFile, *, worker: str = "tester") -> Claim:
    claim = claims.claim(entry.pk, attempt=entry.attempt, worker=worker)
    assert claim is not None
    return claim


def indexed(entry: VectorStoreFile, embedder: PlainEmbedder | None = None) -> VectorStoreFile:
    """The entry after it was claimed and worked on."""
    used = embedder or PlainEmbedder()
    index_entry(claimed(entry), embedder_of=lambda store: used)
    return VectorStoreFile.objects.get(pk=entry.pk)


def text(words: int, *, word: str = "word") -> bytes:
    """So many different words, in sentences of nine."""
    numbered = [f"{word}{number}" for number in range(words)]
    return ". ".join(" ".join(numbered[at : at + 9]) for at in range(0, words, 9)).encode()


def left(entry: VectorStoreFile | int) -> tuple[int, int]:
    """How many passages and windows there are of it."""
    return Passage.objects.filter(entry=entry).count(), Window.objects.filter(entry=entry).count()


def texts_of(passages: Iterable[Passage]) -> list[str]:
    return [passage.text for passage in passages]


def plain(store: VectorStore) -> PlainEmbedder:
    return PlainEmbedder()


def at_last_closing(work: Callable[[], None]) -> Callable[[], None]:
    """``work``, for a thread of its own."""

    def done() -> None:
        try:
            work()
        finally:
            connections.close_all()

    return done


def words_of(entry: VectorStoreFile) -> int:
    """How many of its passages the full-text search has."""
    keys = set(entry.passages.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT rowid FROM chat_passage_words")
        return len(keys & {key for (key,) in cursor.fetchall()})
