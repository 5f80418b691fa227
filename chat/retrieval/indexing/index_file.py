"""Indexing one file of a store: read, cut, embed, complete. The worker calls it; interrupted, it can be resumed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice

import numpy as np
from django.db import OperationalError
from django.db.models import Count, Func, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from chat.documents.errors import BROKEN_SERVER, INVALID
from chat.errors import FilesUnavailable, KeyRefused, ModelNotFound, ProviderError, Unreadable
from chat.models import Passage, VectorStore, VectorStoreFile, Window
from chat.models.vector_stores import Origin, store_changed
from chat.providers.base import Embedder
from chat.retrieval.indexing import cleanup, passage_rows
from chat.retrieval.indexing.claims import Claim, ClaimLost
from chat.retrieval.indexing.local_copies import local_copy
from chat.retrieval.indexing.window_texts import windows_without_vector

log = logging.getLogger(__name__)
PAUSE = 10.0  # seconds before an entry is handed back that the database did not take
FEWEST, MOST = 8, 128  # windows that are embedded in one call
QUICK = 0.5  # seconds; a call that takes less may have twice as many, for one to a distant server takes as long for all
EVERY = 1.0  # seconds between writes of vectors and progress
PAUSES = (2.0, 10.0, 30.0)  # seconds before the second, third and fourth try
LONGEST_PAUSE = 120.0  # seconds that a provider may ask for
HOPELESS = (KeyRefused, ModelNotFound)
Status = VectorStoreFile.Status
EmbedderOf = Callable[[VectorStore], Embedder]


class OctetLength(Func):
    """The bytes of a text in UTF-8, or of a vector, in SQL."""

    function = "OCTET_LENGTH"

    def as_sqlite(self, compiler, connection, **context):  # type: ignore[no-untyped-def] # as Django's are
        return super().as_sql(compiler, connection, template="LENGTH(CAST(%(expressions)s AS BLOB))", **context)


def index_entry(claim: Claim, *, embedder_of: EmbedderOf) -> None:
    """Make the claimed entry searchable: afterwards it is ``completed``, or ``failed`` with the reason.

    If the claim is lost meanwhile, nothing more is written. Blocks for as long as it takes: minutes for a long book.
    """
    try:
        _make_searchable(claim, embedder_of)
    except ClaimLost:
        cleanup.empty(claim.pk, among=cleanup.ended())
    except Unreadable as refusal:
        _fail(claim, code=refusal.code or INVALID, message=refusal.message)
    except ProviderError as error:
        log.warning("a file could not be embedded: %s", error.for_staff)
        _fail(claim, code=BROKEN_SERVER, message=error.message)
    except (OperationalError, FilesUnavailable):
        log.exception("a file could not be had, or what was read of it not written; it is tried again in %d s", PAUSE)
        with suppress(ClaimLost):
            claim.pause(PAUSE)
            claim.write(worker="", heartbeat_at=None)
    except Exception:
        if claim.rows().exists():
            log.exception("a file could not be made searchable")
            _fail(claim, code=BROKEN_SERVER, message=_("Sorry, something went wrong."))


def _make_searchable(claim: Claim, embedder_of: EmbedderOf) -> None:
    entry = claim.entry()
    if entry.store.is_expired:
        raise Unreadable(_("The vector store has expired."))
    embedder = embedder_of(entry.store)
    is_outdated = entry.embedded_by != entry.store.embedder
    if entry.needs_vectors and is_outdated:
        passage_rows.replace_windows(claim, entry, embedder=embedder)
    elif not entry.is_cut or is_outdated:
        _cut(claim, entry, embedder)
    embed_windows(claim, entry, embedder)
    _complete(claim, entry)


def _cut(claim: Claim, entry: VectorStoreFile, embedder: Embedder) -> None:
    """Give the entry its passages and windows, in place of those that it has."""
    claim.write(is_cut=False, progress=0)
    # An earlier attempt may have left some; so does a worker that died while it was cutting.
    if Passage.objects.filter(entry=entry).exists():
        cleanup.empty_claimed(claim)
    with local_copy(entry.file) as path:
        digest = passage_rows.file_digest(path)
        claim.write(digest=digest)
        if twin := passage_rows.find_twin(entry, digest=digest):
            if passage_rows.copy_twin(claim, entry, twin=twin):
                return
            cleanup.empty_claimed(claim)
        passage_rows.cut_file(claim, entry, path, embedder=embedder)


def _complete(claim: Claim, entry: VectorStoreFile) -> None:
    texts = Passage.objects.filter(entry=entry).aggregate(sum=Sum(OctetLength("text")))["sum"] or 0
    vectors = Window.objects.filter(entry=entry).aggregate(sum=Sum(OctetLength("vector")))["sum"] or 0
    with claim.writing():
        claim.rows().update(
            status=Status.COMPLETED,
            needs_vectors=False,
            progress=100,
            usage_bytes=texts + vectors,
            last_error=None,
            worker="",
            heartbeat_at=None,
        )
        store_changed(entry.store_id)


def _fail(claim: Claim, *, code: str, message: str) -> None:
    error = {"code": code, "message": message}
    with suppress(ClaimLost):
        if claim.entry().needs_vectors:  # what was read of it is still found by its words
            claim.write(needs_vectors=False, embedded_by="", last_error=error, worker="", heartbeat_at=timezone.now())
            return
        claim.write(status=Status.FAILED, last_error=error, is_cut=False, progress=0, worker="", heartbeat_at=None)
    cleanup.empty(claim.pk, among=cleanup.ended())


# --- the vectors of the windows, made in order; an interruption loses none --------------------------------------


def embed_windows(claim: Claim, entry: VectorStoreFile, embedder: Embedder) -> None:
    """Make and write the vectors that are missing, and the progress. Raise ``ProviderError`` and ``ClaimLost``."""
    urgent = entry.store.origin == Origin.ATTACHMENT  # somebody waits for them
    counts = Window.objects.filter(entry=claim.pk).aggregate(total=Count("pk"), done=Count("vector"))
    total, done = counts["total"], counts["done"]
    missing, size = windows_without_vector(entry), FEWEST
    ready: list[Window] = []
    written_at = time.monotonic()
    while batch := list(islice(missing, size)):
        begun_at = time.monotonic()
        vectors = embed_insistently(claim, embedder, [text for _window, text in batch], urgent=urgent)
        if time.monotonic() - begun_at < QUICK:
            size = min(2 * size, MOST)
        for (window, _text), vector in zip(batch, vectors, strict=True):
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


def embed_insistently(claim: Claim, embedder: Embedder, texts: Sequence[str], *, urgent: bool) -> NDArray[np.float32]:
    """Return the vectors of ``texts``; ask a provider that fails again, later and later. Raise ``ProviderError``."""
    for pause in PAUSES:
        claim.check()
        try:
            return embedder.embed(texts, urgent=urgent)
        except HOPELESS:
            raise
        except ProviderError as error:
            wait = min(max(pause, error.retry_after or 0), LONGEST_PAUSE)
            log.warning("no vectors now (%s); trying again in %d s", error.for_staff, wait)
            claim.pause(wait)
    return embedder.embed(texts, urgent=urgent)
