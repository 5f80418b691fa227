"""How long a search takes, in stores of drawn texts and vectors.

A text is two stretches of the documents that the questions are of, drawn by chance, two windows with it, and a hundred
texts are a file. So that a large store has more words than a small one, as real ones have, every file is of a subject:
the words that are not among the most frequent end otherwise in each. It is still harder than life: of 67,000 passages
of manual pages 190 have the rarest word of a question in the middle, 2,900 at the 95th percentile, and all its words
together are found 69,000 and 168,000 times; of 100,000 of these 1,000 and 9,400, and 152,000 and 325,000 times.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction

from chat.models import Passage, User, VectorStore, Window
from chat.models.vector_stores import store_changed
from chat.providers.base import Embedder
from chat.providers.embedded.embedder.built_in import WIDTH
from chat.retrieval.keywords import index
from chat.retrieval.search.search import search_stores
from tests.bench.retrieval_making import completed
from tests.bench.retrieval_set import Document

STRETCH = 260  # words; two are 800 tokens
FREQUENT, SUBJECTS = 3000, 8
IN_A_FILE = 100
GROUPS = 10
FILTER = {"type": "eq", "key": "group", "value": 3}
WARMING = 5  # searches that nobody counts


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds of a search; ``cpu`` is the mean of this process alone, without the embedder's."""

    p50: float
    p95: float
    cpu: float


def texts(documents: Sequence[Document]) -> Iterator[str]:
    """Without end, the same for the same documents."""
    random = np.random.default_rng(7)
    words = [word for document in documents for word in document.text.split()]
    frequent = {word for word, _ in Counter(words).most_common(FREQUENT)}
    for number in itertools.count():
        subject = number // IN_A_FILE % SUBJECTS
        starts = random.integers(0, len(words) - STRETCH, 2)
        drawn = [word for start in starts for word in words[start : start + STRETCH]]
        yield " ".join(word if word in frequent or not subject else f"{word}x{subject}" for word in drawn)


def store_of(owner: User, size: int, texts: Iterator[str]) -> VectorStore:
    """A store of ``size`` passages, a multiple of 100. A tenth of the files have the attribute ``group`` 3."""
    store = VectorStore.objects.create(owner=owner)
    random = np.random.default_rng(size)
    for number in range(size // IN_A_FILE):
        vectors = random.standard_normal((2 * IN_A_FILE, WIDTH), np.float32)
        vectors[:, -1] = 0  # not English: compared by both models
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        with transaction.atomic():
            _fill(store, number, list(itertools.islice(texts, IN_A_FILE)), vectors)
    store_changed(store.id)
    return store


def _fill(store: VectorStore, number: int, texts: Sequence[str], vectors: Any) -> None:
    entry = completed(store, f"{number}.txt", attributes={"group": number % GROUPS})
    passages, windows, start = [], [], 0
    for place, text in enumerate(texts):
        end, middle = start + len(text), start + len(text) // 2
        at = 2 * place
        passages.append(
            Passage(entry=entry, place=place, text=text, char_from=start, char_to=end, window_from=at, window_to=at + 2)
        )
        for half, (char_from, char_to) in enumerate([(start, middle), (middle, end)]):
            vector = vectors[at + half].astype("<f4").tobytes()
            windows.append(Window(entry=entry, place=at + half, char_from=char_from, char_to=char_to, vector=vector))
        start = end
    Passage.objects.bulk_create(passages)
    Window.objects.bulk_create(windows)
    index.add(passages, store=store)


def measure(
    store: VectorStore, queries: Sequence[str], *, embedder: Embedder, filters: dict[str, Any] | None = None
) -> Speed:
    """Each of ``queries`` once, with the time that it takes to embed it."""
    times: list[float] = []
    begun = 0.0
    for number, query in enumerate([*queries[:WARMING], *queries]):
        if number == WARMING:
            begun = time.process_time()
        start = time.perf_counter()
        search_stores([store], [query], limit=20, filters=filters, embedder_of=lambda _store: embedder)
        times.append(1000 * (time.perf_counter() - start))
    cpu = 1000 * (time.process_time() - begun) / len(queries)
    p50, p95 = np.percentile(times[WARMING:], [50, 95])
    return Speed(float(p50), float(p95), cpu)
