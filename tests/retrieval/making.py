"""Stores whose files have been read, without reading: texts are cut, embedded and made findable at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat.models import File, Passage, User, VectorStore, VectorStoreFile, Window
from chat.models.vector_stores import store_changed
from chat.providers.base import Embedder
from chat.providers.sign_rows import Rows
from chat.retrieval.keywords import index
from chat.retrieval.search.search import Hit, search_stores


class Thesaurus:
    """An embedder that knows ``synonyms``: words of one line are the same to it, and it knows no others.

    A window is eight words. ``failure`` is raised instead of an answer, if it is set.
    """

    def __init__(self, *synonyms: str) -> None:
        self._axes = {word: axis for axis, line in enumerate(synonyms) for word in line.split()}
        self._width = len(synonyms) + 1
        self.failure: Exception | None = None
        self.asked: list[str] = []

    def windows(self, text: str) -> list[tuple[int, int]]:
        words = [found.span() for found in re.finditer(r"\w+", text)]
        return [(some[0][0], some[-1][1]) for some in (words[at : at + 8] for at in range(0, len(words), 8))]

    def embed(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        if self.failure:
            raise self.failure
        self.asked += texts
        rows = np.zeros((len(texts), self._width), np.float32)
        rows[:, -1] = 0.01
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                if word in self._axes:
                    row[self._axes[word]] += 1
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    def similarities(self, rows: Rows, query: NDArray[np.float32]) -> NDArray[np.float32]:
        return rows.dot(query)

    def close(self) -> None:
        """Nothing."""


def finder(embedder: Embedder) -> Callable[..., list[Hit]]:
    """``search`` with the vectors of ``embedder``; finds up to 10 unless told otherwise."""

    def find(stores: VectorStore | Sequence[VectorStore], *queries: str, limit: int = 10, **options: Any) -> list[Hit]:
        among = [stores] if isinstance(stores, VectorStore) else stores
        return search_stores(among, queries, limit=limit, embedder_of=lambda _store: embedder, **options)

    return find


def texts(hits: Sequence[Hit]) -> list[str]:
    return [hit.passage.text for hit in hits]


def store_of(owner: User, *texts: str, embedder: Embedder, **fields: Any) -> VectorStore:
    """A store with a file for each of ``texts``."""
    store = VectorStore.objects.create(owner=owner, **fields)
    for text in texts:
        add(store, text, embedder=embedder)
    return store


def add(
    store: VectorStore, text: str, *, embedder: Embedder, name: str = "notes.txt", **fields: Any
) -> VectorStoreFile:
    """A completed entry, whose passages are the paragraphs of ``text``. A line that begins with # is a heading of its
    paragraph's, and each form feed begins another page.
    """
    file = File.objects.create(owner=store.owner, filename=name, content_type="text/plain", bytes=len(text.encode()))
    status = fields.pop("status", VectorStoreFile.Status.COMPLETED)
    entry = VectorStoreFile.objects.create(
        store=store, file=file, is_cut=True, progress=100, embedded_by=store.embedder, **fields
    )
    fill(entry, text, embedder=embedder)
    entry.status = status
    entry.save()
    store_changed(store.id)
    return entry


def fill(entry: VectorStoreFile, text: str, *, embedder: Embedder) -> list[Passage]:
    """Give ``entry`` the passages of ``text``."""
    passages: list[Passage] = []
    windows: list[Window] = []
    for place, match in enumerate(re.finditer(r"[^\s](?:.|\n(?!\n))*", text)):
        ranges = embedder.windows(match[0])
        page = text.count("\f", 0, match.start()) + 1
        passages.append(
            Passage(
                entry=entry,
                place=place,
                text=match[0],
                heading=match[0].splitlines()[0].lstrip("# ") if match[0].startswith("#") else "",
                page_from=page,
                page_to=page,
                pages=[[match.start(), page]],
                char_from=match.start(),
                char_to=match.end(),
                window_from=len(windows),
                window_to=len(windows) + len(ranges),
            )
        )
        vectors = embedder.embed([match[0][start:end] for start, end in ranges]) if ranges else []
        windows += [
            Window(
                entry=entry,
                place=len(windows) + number,
                char_from=match.start() + start,
                char_to=match.start() + end,
                vector=np.asarray(vector, "<f4").tobytes(),
            )
            for number, ((start, end), vector) in enumerate(zip(ranges, vectors, strict=True))
        ]
    Passage.objects.bulk_create(passages)
    Window.objects.bulk_create(windows)
    index.add(passages, store=entry.store)
    return passages
