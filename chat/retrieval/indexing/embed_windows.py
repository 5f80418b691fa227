"""Vectors for the windows of an entry, in order. What is done stays done, whenever the work is interrupted."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from chat.errors import KeyRefused, ModelNotFound, ProviderError
from chat.models import Passage, Window
from chat.providers.base import Embedder
from chat.retrieval.indexing.claims import Hold

log = logging.getLogger(__name__)
FEWEST, MOST = 8, 128  # windows that are embedded in one call
QUICK = 0.5  # seconds; a call that takes less may have twice as many, for one to a distant server takes as long for all
EVERY = 1.0  # seconds between writes of vectors and progress
PAGE = 50  # passages whose texts are in memory
PAUSES = (2.0, 10.0, 30.0)  # seconds before the second, third and fourth try
LONGEST_PAUSE = 120.0  # seconds that a provider may ask for
HOPELESS = (KeyRefused, ModelNotFound)


def embed(hold: Hold, embedder: Embedder) -> None:
    """Make the vectors that are missing and keep them, with the progress. Raises ``ProviderError`` and ``Lost``."""
    writer = Writer(hold)
    missing, size = windows_without_vector(hold.pk), FEWEST
    while some := list(islice(missing, size)):
        begun_at = time.monotonic()
        vectors = insist(hold, embedder, [text for _, text in some])
        if time.monotonic() - begun_at < QUICK:
            size = min(2 * size, MOST)
        writer.add([window for window, _ in some], vectors)
    writer.write()


def windows_without_vector(entry: int) -> Iterator[tuple[Window, str]]:
    """Each with its text, which stands in the first passage that has it."""
    place, seen = -1, 0
    while passages := list(Passage.objects.filter(entry=entry, place__gt=place).order_by("place")[:PAGE]):
        place, until = passages[-1].place, passages[-1].window_to
        missing = Window.objects.filter(entry=entry, vector=None, place__gte=seen, place__lt=until).order_by("place")
        at = 0
        for window in list(missing):
            while passages[at].window_to <= window.place:
                at += 1
            text, start = passages[at].text, passages[at].char_from
            yield window, text[window.char_from - start : window.char_to - start]
        seen = max(seen, until)


def insist(hold: Hold, embedder: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
    """The vectors of ``texts``; a provider that fails is asked again, later and later. Raises ``ProviderError``."""
    for pause in PAUSES:
        hold.check()
        try:
            return embedder.embed(texts)
        except HOPELESS:
            raise
        except ProviderError as error:
            wait = min(max(pause, error.retry_after or 0), LONGEST_PAUSE)
            log.warning("no vectors now (%s); trying again in %d s", error.message, wait)
            hold.pause(wait)
    return embedder.embed(texts)


class Writer:
    """Keeps vectors until it is time to write them."""

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        windows = Window.objects.filter(entry=hold.pk)
        self.total = windows.count()
        self.done = self.total - windows.filter(vector=None).count()
        self.ready: list[Window] = []
        self.written_at = time.monotonic()

    def add(self, windows: Sequence[Window], vectors: NDArray[np.float32]) -> None:
        """Raises ``Lost`` if it is time to write."""
        for window, vector in zip(windows, vectors, strict=True):
            window.vector = np.asarray(vector, dtype="<f4").tobytes()
        self.ready += windows
        if time.monotonic() - self.written_at >= EVERY:
            self.write()

    def write(self) -> None:
        """Raises ``Lost``."""
        self.done += len(self.ready)
        with self.hold.writing():
            Window.objects.bulk_update(self.ready, ["vector"])
            self.hold.rows().update(progress=100 * self.done // self.total if self.total else 0)
        self.ready = []
        self.written_at = time.monotonic()
