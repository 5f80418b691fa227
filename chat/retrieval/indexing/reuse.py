"""A file that was read before, in another store or under another id, is not embedded again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db.models import QuerySet

from chat.documents.formats import extension
from chat.models import Passage, VectorStoreFile, Window
from chat.retrieval.indexing.claims import Hold
from chat.retrieval.keywords import index

BATCH = 20  # rows that are copied in one transaction
MOST = 20  # entries of the same bytes that are looked at
Row = TypeVar("Row", Passage, Window)


def twin(entry: VectorStoreFile, *, digest: str) -> VectorStoreFile | None:
    """An entry of the same owner whose bytes, the same ones, were read, cut and embedded as ``entry`` is to be."""
    same = VectorStoreFile.objects.filter(
        digest=digest,
        status=VectorStoreFile.Status.COMPLETED,
        is_cut=True,
        embedded_by=entry.store.embedder,
        store__owner=entry.store.owner_id,
        file__owner=entry.file.owner_id,
    ).exclude(pk=entry.pk)
    return next((other for other in same.select_related("file")[:MOST] if _reads_alike(other, entry)), None)


def _reads_alike(one: VectorStoreFile, other: VectorStoreFile) -> bool:
    """Whether the same bytes give the same passages."""
    alike = extension(one.file.filename) == extension(other.file.filename)
    return alike and one.chunking_strategy == other.chunking_strategy


def copy(hold: Hold, entry: VectorStoreFile, *, source: VectorStoreFile) -> bool:
    """Give ``entry``, which has none, the passages, windows and vectors of ``source``.

    False if that changed or went meanwhile: then some were copied. Raises ``Lost``.
    """
    unchanged = VectorStoreFile.objects.filter(
        pk=source.pk, attempt=source.attempt, status=source.status, is_cut=True, embedded_by=source.embedded_by
    )
    for passages in _batches(Passage.objects.filter(entry=source)):
        with hold.writing():
            if not unchanged.exists():
                return False
            copies = [_copied(passage, entry) for passage in passages]
            Passage.objects.bulk_create(copies)
            index.add(copies, store=entry.store)
    for windows in _batches(Window.objects.filter(entry=source)):
        with hold.writing():
            if not unchanged.exists():
                return False
            Window.objects.bulk_create([_copied(window, entry) for window in windows])
    with hold.writing():
        if not unchanged.exists():
            return False
        hold.rows().update(is_cut=True, embedded_by=source.embedded_by, notice=source.notice)
    return True


def _batches(rows: QuerySet[Row]) -> Iterator[list[Row]]:
    place = -1
    while some := list(rows.filter(place__gt=place).order_by("place")[:BATCH]):
        yield some
        place = some[-1].place


def _copied(row: Row, entry: VectorStoreFile) -> Row:
    row.pk, row.entry = None, entry
    row._state.adding = True
    return row
