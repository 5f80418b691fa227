"""The files of a vector store: add, find, change, remove, and the text that was read of them (reference, section 9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from chat.actions.files import files
from chat.actions.knowledge import vector_stores
from chat.actions.knowledge.enqueue import Attributes
from chat.errors import NotFound
from chat.models import User, VectorStoreFile
from chat.retrieval.indexing.withdraw import withdraw

MAX_PIECE = 100_000  # characters of a text without pages in one piece
GAP = "\n\n"  # between two passages that do not overlap, in place of the space that was there


def of_store(user: User, store_id: str) -> QuerySet[VectorStoreFile]:
    """Return the entries of the user's store. Raise ``Absent``."""
    return vector_stores.get(user, store_id).entries.all()


def get(user: User, store_id: str, file_id: str) -> VectorStoreFile:
    """Return the entry of a file in the user's store. Raise ``NotFound``."""
    entry = of_store(user, store_id).filter(file_id=file_id).first()
    if entry is None:
        raise NotFound(f"No file found with id '{file_id}' in vector store '{store_id}'.")
    return entry


@transaction.atomic
def create(
    user: User,
    store_id: str,
    *,
    file_id: str,
    attributes: Attributes | None = None,
    chunking_strategy: Mapping[str, Any] | None = None,
) -> VectorStoreFile:
    """Add the user's file to the user's store. One that it has already is indexed again.

    Raise ``NotFound``, and as ``enqueue.add_files``.
    """
    store = vector_stores.get(user, store_id)
    file = files.get(user, file_id, param="file_id")
    return vector_stores.add_file(store, file=file, attributes=attributes, chunking_strategy=chunking_strategy)


def update(entry: VectorStoreFile, *, attributes: Attributes) -> VectorStoreFile:
    """Replace the attributes that searches filter by."""
    VectorStoreFile.objects.filter(pk=entry.pk).update(attributes=dict(attributes))
    entry.attributes = dict(attributes)
    return entry


def delete(entry: VectorStoreFile) -> None:
    """Remove the file from the store, with what was read of it; the file stays."""
    withdraw(VectorStoreFile.objects.filter(pk=entry.pk))
    entry.delete()


def content(entry: VectorStoreFile) -> Iterator[str]:
    """Yield the text that was read of the file, in pieces: a page, or up to 100,000 characters.

    Without the overlaps of its passages. Yield nothing until the file is indexed.
    """
    if entry.status != VectorStoreFile.Status.COMPLETED:
        return
    piece, last_page, end = "", None, 0  # ``end`` is an offset in the document
    for page, begin, text in _stretches(entry):
        if piece and (page != last_page or len(piece) + len(text) > MAX_PIECE):
            yield piece.strip()
            piece = ""
        piece += (GAP if piece and begin > end else "") + text
        last_page, end = page, begin + len(text)
    if piece:
        yield piece.strip()


def _stretches(entry: VectorStoreFile) -> Iterator[tuple[int | None, int, str]]:
    """Yield page, offset and text of all that was read, in order: of each passage what the one before did not have."""
    done = 0
    for passage in entry.passages.order_by("place").iterator():
        start = max(done, passage.char_from)
        turns = [char for char, _page in passage.pages if start < char < passage.char_to]
        for begin, end in pairwise([start, *turns, max(start, passage.char_to)]):
            if begin < end:
                yield passage.page_at(begin), begin, passage.text[begin - passage.char_from : end - passage.char_from]
        done = max(done, passage.char_to)
