"""One file of a store: read, cut, embedded, ready. May be interrupted at any moment and resumed."""

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
from chat.retrieval.indexing import cleanup, embed_windows, originals, passage_rows, reuse
from chat.retrieval.indexing.claims import Hold, Lost

log = logging.getLogger(__name__)
PAUSE = 10.0  # seconds before an entry is handed back that the database did not take
Status = VectorStoreFile.Status
EmbedderOf = Callable[[VectorStore], Embedder]


class Octets(Func):
    """The bytes of a text in UTF-8, or of a vector."""

    function = "OCTET_LENGTH"

    def as_sqlite(self, compiler, connection, **context):  # type: ignore[no-untyped-def] # as Django's are
        return super().as_sql(compiler, connection, template="LENGTH(CAST(%(expressions)s AS BLOB))", **context)


def index(hold: Hold, *, embedder_of: EmbedderOf) -> None:
    """Make what is held searchable: afterwards it is ``completed``, or ``failed`` with the reason.

    When it is lost meanwhile, nothing more is written to it. Blocks for as long as it takes: minutes for a long book.
    """
    try:
        _index(hold, embedder_of)
    except Lost:
        cleanup.empty(hold.pk, among=cleanup.ended())
    except Unreadable as refusal:
        _fail(hold, code=refusal.code or INVALID, message=refusal.message)
    except ProviderError as error:
        _fail(hold, code=BROKEN_SERVER, message=error.message)
    except OperationalError:
        log.exception("the database did not take what was read of a file; it is tried again in %d s", PAUSE)
        with suppress(Lost):
            hold.pause(PAUSE)
            hold.write(worker="", heartbeat_at=None)
    except Exception:
        if hold.rows().exists():
            log.exception("a file could not be made searchable")
            _fail(hold, code=BROKEN_SERVER, message=_("Sorry, something went wrong."))


def _index(hold: Hold, embedder_of: EmbedderOf) -> None:
    entry = hold.entry()
    if entry.store.is_expired:
        raise Unreadable(_("The vector store has expired."))
    embedder = embedder_of(entry.store)
    if not entry.is_cut or entry.embedded_by != entry.store.embedder:
        _cut(hold, entry, embedder)
    embed_windows.embed(hold, embedder)
    _complete(hold, entry)


def _cut(hold: Hold, entry: VectorStoreFile, embedder: Embedder) -> None:
    """Give the entry its passages and windows, in place of those that it may have."""
    hold.write(is_cut=False, progress=0)
    _empty(hold)
    with originals.on_disk(entry.file) as path:
        digest = originals.digest(path)
        hold.write(digest=digest)
        if source := reuse.twin(entry, digest=digest):
            if reuse.copy(hold, entry, source=source):
                return
            _empty(hold)
        passage_rows.cut(hold, entry, path, embedder=embedder)


def _empty(hold: Hold) -> None:
    if not cleanup.empty(hold.pk, among=hold.rows()):
        raise Lost


def _complete(hold: Hold, entry: VectorStoreFile) -> None:
    texts = Passage.objects.filter(entry=entry).aggregate(sum=Sum(Octets("text")))["sum"] or 0
    vectors = Window.objects.filter(entry=entry).aggregate(sum=Sum(Octets("vector")))["sum"] or 0
    with hold.writing():
        hold.rows().update(
            status=Status.COMPLETED,
            progress=100,
            usage_bytes=texts + vectors,
            last_error=None,
            worker="",
            heartbeat_at=None,
        )
        store_changed(entry.store_id)


def _fail(hold: Hold, *, code: str, message: str) -> None:
    error = {"code": code, "message": message}
    with suppress(Lost):
        hold.write(status=Status.FAILED, last_error=error, is_cut=False, progress=0, worker="", heartbeat_at=None)
    cleanup.empty(hold.pk, among=cleanup.ended())
