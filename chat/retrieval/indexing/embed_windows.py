"""The vectors of an entry's windows, made in order. ``index_file`` calls it; an interruption loses no vector."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from django.db.models import Count
from numpy.typing import NDArray

from chat.errors import KeyRefused, ModelNotFound, ProviderError
from chat.models import Passage, Window
from chat.providers.base import Embedder
from chat.retrieval.indexing.claims import Claim

log = logging.getLogger(__name__)
FEWEST, MOST = 8, 128  # windows that are embedded in one call
QUICK = 0.5  # seconds; a call that takes less may have twice as many, for one to a distant server takes as long for all
EVERY = 1.0  # seconds between writes of vectors and progress
PAGE = 50  # passages whose texts are in memory
PAUSES = (2.0, 10.0, 30.0)  # seconds before the second, third and fourth try
LONGEST_PAUSE = 120.0  # seconds that a provider may ask for
HOPELESS = (KeyRefused, ModelNotFound)


def embed(claim: Claim, embedder: Embedder) -> None:
    """Make and write the vectors that are missing, and the progress. Raise ``ProviderError`` and ``ClaimLost``."""
    counts = Window.objects.filter(entry=claim.pk).aggregate(total=Count("pk"), done=Count("vector"))
    total, done = counts["total"], counts["done"]
    missing, size = windows_without_vector(claim.pk), FEWEST
    ready: list[Window] = []
    written_at = time.monotonic()
    while batch := list(islice(missing, size)):
        begun_at = time.monotonic()
        vectors = embed_insistently(claim, embedder, [text for _, text in batch])
        if time.monotonic() - begun_at < QUICK:
            size = min(2 * size, MOST)
        for (window, _), vector in zip(batch, vectors, strict=True):
            window.vector = np.asarray(vector, dtype="<f4").tobytes()
            ready.append(window)
        if time.monotonic() - written_at >= EVERY:
            done += len(ready)
            _write(claim, ready, progress=100 * done // total)
            ready, written_at = [], time.monotonic()
    if ready:
        _write(claim, ready, progress=100)


def _write(claim: Claim, windows: Sequence[Window], *, progress: int) -> None:
    with claim.writing():
        Window.objects.bulk_update(windows, ["vector"])
        claim.rows().update(progress=progress)


def windows_without_vector(entry: int) -> Iterator[tuple[Window, str]]:
    """Yield each window with its text, which stands in the first passage that has the window."""
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
        if len(passages) < PAGE:
            return
        seen = max(seen, until)


def embed_insistently(claim: Claim, embedder: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the vectors of ``texts``; ask a provider that fails again, later and later. Raise ``ProviderError``."""
    for pause in PAUSES:
        claim.check()
        try:
            return embedder.embed(texts)
        except HOPELESS:
            raise
        except ProviderError as error:
            wait = min(max(pause, error.retry_after or 0), LONGEST_PAUSE)
            log.warning("no vectors now (%s); trying again in %d s", error.message, wait)
            claim.pause(wait)
    return embedder.embed(texts)
