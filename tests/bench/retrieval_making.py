"""Stores for the benchmark, from documents with the real embedder or from drawn words and vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from chat.documents.passages import DocumentPassage, count_tokens, cut_passages
from chat.documents.sections import Section
from chat.models import File, Passage, User, VectorStore, VectorStoreFile, Window
from chat.models.vector_stores import store_changed
from chat.providers.base import Embedder
from chat.providers.sign_rows import Rows
from chat.retrieval.indexing.window_texts import in_context
from chat.retrieval.keywords import index
from tests.bench.retrieval_set import Document


class Remembering:
    """An embedder that asks ``embedder`` once for each text, also over runs if ``path`` is given."""

    def __init__(self, embedder: Embedder, path: Path | None = None) -> None:
        self._embedder, self._path = embedder, path
        self._known: dict[str, NDArray[np.float32]] = {}
        if path and path.exists():
            with np.load(path) as kept:
                self._known = dict(zip(kept["names"].tolist(), kept["vectors"], strict=True))

    def __len__(self) -> int:
        return len(self._known)

    def windows(self, text: str) -> list[tuple[int, int]]:
        return self._embedder.windows(text)

    def embed(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        names = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        missing = {name: text for name, text in zip(names, texts, strict=True) if name not in self._known}
        if missing:
            self._known.update(zip(missing, self._embedder.embed(list(missing.values()), urgent=urgent), strict=True))
        return np.array([self._known[name] for name in names])

    def similarities(self, rows: Rows, query: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._embedder.similarities(rows, query)

    def close(self) -> None:
        """Keep what is known for the next run."""
        if self._path:
            np.savez(self._path, names=np.array(list(self._known)), vectors=np.array(list(self._known.values())))


def completed(store: VectorStore, name: str, **fields: object) -> VectorStoreFile:
    """An entry without passages yet."""
    file = File.objects.create(owner=store.owner, filename=name, content_type="text/plain", bytes=1)
    status = VectorStoreFile.Status.COMPLETED
    return VectorStoreFile.objects.create(
        store=store, file=file, status=status, is_cut=True, progress=100, embedded_by=store.embedder, **fields
    )


def store_of(owner: User, documents: Sequence[Document], *, embedder: Embedder) -> VectorStore:
    """A store of ``documents``, cut as usual and embedded. The entries' attributes have the documents' names."""
    store = VectorStore.objects.create(owner=owner)
    for document in documents:
        rows = _Rows(embedder, document.name)
        sections = [Section(None, title, text) for title, text in document.sections]
        for passage in cut_passages(sections, count=count_tokens):
            rows.add(passage)
        vectors = embedder.embed(rows.texts)
        with transaction.atomic():
            rows.write(completed(store, document.name[-255:], attributes={"name": document.name}), vectors)
    store_changed(store.id)
    return store


class _Rows:
    """Of one document: passages, and windows that those which overlap share."""

    def __init__(self, embedder: Embedder, name: str) -> None:
        self._embedder, self._name = embedder, name
        self._passages: list[Passage] = []
        self._windows: list[Window] = []
        self._of_segments: dict[tuple[int, int], tuple[int, int]] = {}
        self.texts: list[str] = []

    def add(self, passage: DocumentPassage) -> None:
        row = Passage(
            place=len(self._passages),
            text=passage.text,
            heading=passage.heading,
            headings=passage.headings,
            char_from=passage.char_from,
            char_to=passage.char_to,
        )
        ranges = [self._segment(row, segment) for segment in passage.segments]
        row.window_from, row.window_to = ranges[0][0], ranges[-1][1]
        self._passages.append(row)

    def _segment(self, passage: Passage, segment: tuple[int, int]) -> tuple[int, int]:
        if segment not in self._of_segments:
            start, end = max(segment[0], passage.char_from), min(segment[1], passage.char_to)
            text = passage.text[start - passage.char_from : end - passage.char_from]
            first = len(self._windows)
            for begin, stop in self._embedder.windows(text):
                self._windows.append(Window(place=len(self._windows), char_from=start + begin, char_to=start + stop))
                heading = passage.heading_at(start + begin)
                self.texts.append(in_context(text[begin:stop], filename=self._name, heading=heading))
            self._of_segments[segment] = first, len(self._windows)
        return self._of_segments[segment]

    def write(self, entry: VectorStoreFile, vectors: NDArray[np.float32]) -> None:
        for passage in self._passages:
            passage.entry = entry
        for window, vector in zip(self._windows, vectors, strict=True):
            window.entry, window.vector = entry, vector.astype("<f4").tobytes()
        Passage.objects.bulk_create(self._passages)
        Window.objects.bulk_create(self._windows)
        index.add(self._passages, store=entry.store)
