"""The files of a vector store: add, find, change, take out; and what was read of them (reference, section 9)."""

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

MAX_PIECE = 100_000  # characters of a text without pages that are told in one piece
GAP = "\n\n"  # between two passages that do not overlap, in place of the space that was there


def of(user: User, store_id: str) -> QuerySet[VectorStoreFile]:
    """What is in the user's store. Raises ``Absent``."""
    return vector_stores.get(user, store_id).entries.all()


def get(user: User, store_id: str, file_id: str) -> VectorStoreFile:
    """Raises ``NotFound``."""
    entry = of(user, store_id).filter(file_id=file_id).first()
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
    """Put the user's file into the user's store; one that is there already is read anew.

    Raises ``NotFound``, and as ``enqueue.add_files``.
    """
    store = vector_stores.get(user, store_id)
    file = files.get(user, file_id)
    return vector_stores.add_file(store, file=file, attributes=attributes, chunking_strategy=chunking_strategy)


def update(entry: VectorStoreFile, *, attributes: Attributes) -> VectorStoreFile:
    """Replace the attributes, by which the next search filters."""
    VectorStoreFile.objects.filter(pk=entry.pk).update(attributes=dict(attributes))
    entry.attributes = dict(attributes)
    return entry


def delete(entry: VectorStoreFile) -> None:
    """Take the file out of the store, with what was read of it; the file stays."""
    withdraw(VectorStoreFile.objects.filter(pk=entry.pk))
    entry.delete()


def content(entry: VectorStoreFile) -> Iterator[str]:
    """The text that was read of the file, in pieces: a page, or up to 100,000 characters.

    Without the overlaps of its passages. Nothing until all of it can be found.
    """
    if entry.status != VectorStoreFile.Status.COMPLETED:
        return
    piece, last, told = "", None, 0  # ``told`` is how far into the document
    for page, begin, text in _stretches(entry):
        if piece and (page != last or len(piece) + len(text) > MAX_PIECE):
            yield piece.strip()
            piece = ""
        piece += (GAP if piece and begin > told else "") + text
        last, told = page, begin + len(text)
    if piece:
        yield piece.strip()


def _stretches(entry: VectorStoreFile) -> Iterator[tuple[int | None, int, str]]:
    """Page, beginning and text of all that was read, in order: of each passage what the one before did not have."""
    told = 0
    for passage in entry.passages.order_by("place").iterator():
        start = max(told, passage.char_from)
        turns = [char for char, _page in passage.pages if start < char < passage.char_to]
        for begin, end in pairwise([start, *turns, max(start, passage.char_to)]):
            if begin < end:
                yield passage.page_at(begin), begin, passage.text[begin - passage.char_from : end - passage.char_from]
        told = max(told, passage.char_to)
