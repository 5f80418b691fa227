"""Copying the passages and vectors of a file whose bytes were indexed before, in another store or under another id."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from django.db.models import QuerySet

from chat.documents.formats import extension
from chat.models import File, Passage, VectorStoreFile, Window
from chat.retrieval.indexing.claims import Claim
from chat.retrieval.keywords import index

BATCH = 20  # rows that are copied in one transaction
MOST_TWINS = 20  # entries of the same bytes that are looked at
Row = TypeVar("Row", Passage, Window)


@contextmanager
def local_copy(file: File) -> Iterator[Path]:
    """Yield the path of the bytes of ``file`` on this machine; of a temporary copy if its storage keeps them elsewhere.

    Raise ``OSError`` if the bytes cannot be read.
    """
    try:
        path = Path(file.content.path)
    except NotImplementedError:  # the storage has no paths
        path = None
    # A storage in memory has paths too, but no files at them.
    if path is not None and path.exists():
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="everthread-") as copy:
        with file.content.open("rb") as content:
            shutil.copyfileobj(content, copy)
        copy.flush()
        yield Path(copy.name)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of the file at ``path``, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def find_twin(entry: VectorStoreFile, *, digest: str) -> VectorStoreFile | None:
    """Return an entry of the same owner whose bytes, with the same ``digest``, were cut and embedded as ``entry`` is to
    be.
    """
    same = VectorStoreFile.objects.filter(
        digest=digest,
        status=VectorStoreFile.Status.COMPLETED,
        is_cut=True,
        embedded_by=entry.store.embedder,
        store__owner=entry.store.owner_id,
        file__owner=entry.file.owner_id,
    ).exclude(pk=entry.pk)
    return next((other for other in same.select_related("file")[:MOST_TWINS] if _is_cut_alike(other, entry)), None)


def _is_cut_alike(one: VectorStoreFile, other: VectorStoreFile) -> bool:
    """Return whether the same bytes give the same passages."""
    alike = extension(one.file.filename) == extension(other.file.filename)
    return alike and one.chunking_strategy == other.chunking_strategy


def copy_twin(claim: Claim, entry: VectorStoreFile, *, twin: VectorStoreFile) -> bool:
    """Give ``entry``, which has none, the passages, windows and vectors of ``twin``.

    Return False if the twin changed or was deleted meanwhile: then some were copied. Raise ``ClaimLost``.
    """
    unchanged = VectorStoreFile.objects.filter(
        pk=twin.pk, attempt=twin.attempt, status=twin.status, is_cut=True, embedded_by=twin.embedded_by
    )
    for passages in _batches(Passage.objects.filter(entry=twin)):
        with claim.writing():
            if not unchanged.exists():
                return False
            copies = [_copied(passage, entry) for passage in passages]
            Passage.objects.bulk_create(copies)
            index.add(copies, store=entry.store)
    for windows in _batches(Window.objects.filter(entry=twin)):
        with claim.writing():
            if not unchanged.exists():
                return False
            Window.objects.bulk_create([_copied(window, entry) for window in windows])
    with claim.writing():
        if not unchanged.exists():
            return False
        claim.rows().update(is_cut=True, embedded_by=twin.embedded_by, notice=twin.notice)
    return True


def _batches(rows: QuerySet[Row]) -> Iterator[list[Row]]:
    place = -1
    while batch := list(rows.filter(place__gt=place).order_by("place")[:BATCH]):
        yield batch
        place = batch[-1].place


def _copied(row: Row, entry: VectorStoreFile) -> Row:
    row.pk, row.entry = None, entry
    row._state.adding = True
    return row
