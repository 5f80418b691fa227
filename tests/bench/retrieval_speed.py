"""How long a search takes, in stores of drawn texts and vectors.

The words of a text are drawn one by one, as often as they are in the set of questions; real texts repeat their own
words and share fewer, so that this is harder than it will be. Each passage has two windows of its own, and each file a
hundred passages.
"""

from __future__ import annotations

import itertools
import re
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
from chat.retrieval import keywords
from chat.retrieval.search import search
from tests.bench.retrieval_making import completed
from tests.bench.retrieval_set import Document

WORDS = 520  # of 800 tokens
IN_A_FILE = 100
WIDTH = 384
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
    counted = Counter(word for document in documents for word in re.findall(r"\w+", document.text))
    words = np.array(list(counted), dtype=object)
    shares = np.cumsum(np.array(list(counted.values()), np.float64))
    while True:
        drawn = words[np.searchsorted(shares, random.random((200, WORDS)) * shares[-1], side="right")]
        yield from (" ".join(row) for row in drawn)


def store_of(owner: User, size: int, texts: Iterator[str]) -> VectorStore:
    """A store of ``size`` passages, a multiple of 100. A tenth of the files have the attribute ``group`` 3."""
    store = VectorStore.objects.create(owner=owner)
    random = np.random.default_rng(size)
    for number in range(size // IN_A_FILE):
        vectors = random.standard_normal((2 * IN_A_FILE, WIDTH), np.float32)
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
    keywords.add(passages, store=store)


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
        search([store], [query], limit=20, filters=filters, embedder_of=lambda _store: embedder)
        times.append(1000 * (time.perf_counter() - start))
    cpu = 1000 * (time.process_time() - begun) / len(queries)
    p50, p95 = np.percentile(times[WARMING:], [50, 95])
    return Speed(float(p50), float(p95), cpu)
