"""Indexing one file of a store: read, cut, embed, complete. The worker calls it; interrupted, it can be resumed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

from django.db import OperationalError
from django.db.models import Func, Sum
from django.utils.translation import gettext as _

from chat.documents.errors import BROKEN_SERVER, INVALID
from chat.errors import ProviderError, Unreadable
from chat.models import Passage, VectorStore, VectorStoreFile, Window
from chat.models.vector_stores import store_changed
from chat.providers.base import Embedder
from chat.retrieval.indexing import cleanup, embed_windows, passage_rows, reuse
from chat.retrieval.indexing.claims import Claim, ClaimLost

log = logging.getLogger(__name__)
PAUSE = 10.0  # seconds before an entry is handed back that the database did not take
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
        _fail(claim, code=BROKEN_SERVER, message=error.message)
    except OperationalError:
        log.exception("the database did not take what was read of a file; it is tried again in %d s", PAUSE)
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
    if not entry.is_cut or entry.embedded_by != entry.store.embedder:
        _cut(claim, entry, embedder)
    embed_windows.embed(claim, embedder)
    _complete(claim, entry)


def _cut(claim: Claim, entry: VectorStoreFile, embedder: Embedder) -> None:
    """Give the entry its passages and windows, in place of those that it has."""
    claim.write(is_cut=False, progress=0)
    # An earlier attempt may have left some; so does a worker that died while it was cutting.
    if Passage.objects.filter(entry=entry).exists():
        cleanup.empty_claimed(claim)
    with reuse.local_copy(entry.file) as path:
        digest = reuse.file_digest(path)
        claim.write(digest=digest)
        if twin := reuse.find_twin(entry, digest=digest):
            if reuse.copy_twin(claim, entry, twin=twin):
                return
            cleanup.empty_claimed(claim)
        passage_rows.cut_file(claim, entry, path, embedder=embedder)


def _complete(claim: Claim, entry: VectorStoreFile) -> None:
    texts = Passage.objects.filter(entry=entry).aggregate(sum=Sum(OctetLength("text")))["sum"] or 0
    vectors = Window.objects.filter(entry=entry).aggregate(sum=Sum(OctetLength("vector")))["sum"] or 0
    with claim.writing():
        claim.rows().update(
            status=Status.COMPLETED,
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
        claim.write(status=Status.FAILED, last_error=error, is_cut=False, progress=0, worker="", heartbeat_at=None)
    cleanup.empty(claim.pk, among=cleanup.ended())
