"""Putting files into vector stores, where they are read in the background (reference, sections 4 and 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from chat.actions.notify import entries_waiting
from chat.documents.formats import format_of
from chat.errors import InvalidRequest, Unreadable
from chat.models import File, VectorStore, VectorStoreFile, VectorStoreFileBatch
from chat.models.vector_stores import store_changed

AUTO = {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}
MAX_FILES = 10_000  # of one store
ROWS = 500  # that are written at a time
BEGUN = [  # the columns of an entry that is to be read
    "status",
    "batch",
    "last_error",
    "notice",
    "attributes",
    "chunking_strategy",
    "usage_bytes",
    "attempt",
    "is_cut",
    "progress",
    "embedded_by",
    "worker",
    "heartbeat_at",
]
Attributes = Mapping[str, str | float | bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that is to be in a store. ``chunking_strategy`` is the API's, None: ``auto``."""

    file: File
    attributes: Attributes = field(default_factory=dict)
    chunking_strategy: Mapping[str, Any] | None = None


@transaction.atomic
def put(
    store: VectorStore, wanted: Sequence[Wanted], *, batch: VectorStoreFileBatch | None = None, param: str = "file_ids"
) -> list[VectorStoreFile]:
    """Have files read, each of which is named once; those that the store has are read anew. Their entries, in order.

    The caller has checked that store and files are the user's. Raises ``InvalidRequest`` when the store has expired or
    would have more than 10,000 files, as ``check_searchable`` and as ``static``.
    """
    check_searchable([one.file for one in wanted], param=param)
    had = _locked(store, [one.file.id for one in wanted])
    _check_number(store.entries.count() + len(wanted) - len(had), param=param)
    could_be_found = any(entry.status == VectorStoreFile.Status.COMPLETED for entry in had.values())
    new = {
        one.file.id: VectorStoreFile(store=store, file=one.file, attempt=0) for one in wanted if one.file.id not in had
    }
    entries = {**had, **new}
    for one in wanted:
        _begin(entries[one.file.id], one, batch=batch)
    VectorStoreFile.objects.bulk_update(had.values(), BEGUN, batch_size=ROWS)
    VectorStoreFile.objects.bulk_create(new.values(), batch_size=ROWS)
    if could_be_found:
        store_changed(store.id)
    store.touch()
    entries_waiting()
    return [entries[one.file.id] for one in wanted]


def _locked(store: VectorStore, file_ids: Sequence[str]) -> dict[str, VectorStoreFile]:
    """The entries that the store has of these files, by the files' ids. Nobody else puts files into it meanwhile.

    Entries are locked before their store, as by whoever has read one; without keys' locks, which new rows hold. Raises
    as ``check_alive``.
    """
    there = store.entries.filter(file_id__in=file_ids).order_by("pk").select_for_update(no_key=True)
    list(there)
    check_alive(VectorStore.objects.select_for_update(no_key=True).get(pk=store.pk))
    return {entry.file_id: entry for entry in there.all()}  # someone may have put one in while we waited


def _begin(entry: VectorStoreFile, wanted: Wanted, *, batch: VectorStoreFileBatch | None) -> None:
    """What is left of an earlier reading goes when it is read."""
    entry.status = VectorStoreFile.Status.IN_PROGRESS
    entry.batch = batch
    entry.attributes = dict(wanted.attributes)
    entry.chunking_strategy = static(wanted.chunking_strategy)
    entry.attempt += 1
    entry.is_cut = False
    entry.progress = entry.usage_bytes = 0
    entry.last_error = entry.heartbeat_at = None
    entry.notice = entry.embedded_by = entry.worker = ""


def check_alive(store: VectorStore) -> None:
    """Raises ``InvalidRequest`` when it has expired: nothing is put into it or found in it any more."""
    if store.is_expired:
        raise InvalidRequest(f"Vector store '{store.id}' has expired.", param="vector_store_id")


def check_searchable(files: Iterable[File], *, param: str) -> None:
    """Raises ``InvalidRequest`` (``unsupported_file``) for the first whose name is not one of a file type we read."""
    for file in files:
        try:
            format_of(file.filename)
        except Unreadable as unreadable:
            message = f"{unreadable.message} It is the file '{file.id}'."
            raise InvalidRequest(message, param=param, code=unreadable.code) from None


def is_searchable(file: File) -> bool:
    """Whether its name is one of a file type that is read."""
    try:
        format_of(file.filename)
    except Unreadable:
        return False
    return True


def _check_number(number: int, *, param: str) -> None:
    if number > MAX_FILES:
        raise InvalidRequest(
            f"Invalid '{param}': too many files. A vector store has at most {MAX_FILES} files, but with these it would"
            f" have {number}.",
            param=param,
            code="array_above_max_length",
        )


def static(strategy: Mapping[str, Any] | None) -> dict[str, Any]:
    """How a file is cut, as it is kept and shown: ``auto`` has numbers too (reference, section 3).

    Raises ``InvalidRequest`` when passages would overlap by more than half.
    """
    numbers = AUTO if strategy is None or strategy["type"] == "auto" else dict(strategy["static"])
    most = numbers["max_chunk_size_tokens"] // 2
    if (overlap := numbers["chunk_overlap_tokens"]) > most:
        raise InvalidRequest(
            f"Invalid 'chunking_strategy.static.chunk_overlap_tokens': integer above maximum value. Expected a value"
            f" <= {most} (half of 'max_chunk_size_tokens'), but got {overlap} instead.",
            param="chunking_strategy.static.chunk_overlap_tokens",
            code="integer_above_max_value",
        )
    return {"type": "static", "static": dict(numbers)}
