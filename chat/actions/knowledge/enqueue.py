"""Adding files to vector stores, where a worker indexes them (reference, sections 4 and 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from chat.actions import notify
from chat.documents.formats import format_of
from chat.errors import InvalidRequest, Unreadable
from chat.models import File, User, VectorStore, VectorStoreFile, VectorStoreFileBatch
from chat.models.vector_stores import Origin, store_changed
from chat.retrieval.embedders import fields_for_new_stores

AUTO = {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}
MAX_FILES = 10_000  # of one store
ROWS = 500  # that are written at a time
RESET = [  # the columns of an entry that is to be indexed
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
    "needs_vectors",
    "worker",
    "heartbeat_at",
]
Attributes = Mapping[str, str | float | bool]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A file that is to be in a store. ``chunking_strategy`` is the API's, None: ``auto``."""

    file: File
    attributes: Attributes = field(default_factory=dict)
    chunking_strategy: Mapping[str, Any] | None = None


@transaction.atomic
def add_files(
    store: VectorStore,
    new_files: Sequence[NewEntry],
    *,
    batch: VectorStoreFileBatch | None = None,
    param: str = "file_ids",
) -> list[VectorStoreFile]:
    """Add files, each named once, and have them read, those that the store has again. Return their entries, in order.

    The caller has checked that store and files are the user's. In a ``batch`` a file of a type that cannot be read
    fails alone, as one that is broken does. Raise ``InvalidRequest`` when the store has expired or would have more than
    10,000 files, and as ``check_searchable`` (without a batch) and ``normalise_chunking``.
    """
    if batch is None:
        check_searchable([new.file for new in new_files], param=param)
    existing = _lock_entries(store, [new.file.id for new in new_files])
    check_number(store.entries.count() + len(new_files) - len(existing), param=param)
    was_searchable = any(entry.status == VectorStoreFile.Status.COMPLETED for entry in existing.values())
    rows = [existing.get(new.file.id) or VectorStoreFile(store=store, file=new.file, attempt=0) for new in new_files]
    entries = [_begin(row, new, batch=batch) for row, new in zip(rows, new_files, strict=True)]
    VectorStoreFile.objects.bulk_update(existing.values(), RESET, batch_size=ROWS)
    VectorStoreFile.objects.bulk_create([entry for entry in entries if entry.pk is None], batch_size=ROWS)
    if was_searchable:
        store_changed(store.id)
    store.touch()
    notify.wake_indexing(attached=store.origin == Origin.ATTACHMENT)
    return entries


def create_store(
    user: User, files: Sequence[File], *, chunking_strategy: Mapping[str, Any] | None = None, **columns: Any
) -> VectorStore:
    """Create a store of these ``columns`` with ``files``, which are read in the background.

    The caller has checked that they are the user's, of types that can be read, and not too many. Raise as
    ``normalise_chunking``. Call inside a transaction.
    """
    store = VectorStore.objects.create(owner=user, **columns, **fields_for_new_stores())
    new_entries = [NewEntry(file, chunking_strategy=chunking_strategy) for file in files]
    entries = [_begin(VectorStoreFile(store=store, file=new.file, attempt=0), new, batch=None) for new in new_entries]
    if entries:
        VectorStoreFile.objects.bulk_create(entries, batch_size=ROWS)
        notify.wake_indexing(attached=store.origin == Origin.ATTACHMENT)
    return store


def _lock_entries(store: VectorStore, file_ids: Sequence[str]) -> dict[str, VectorStoreFile]:
    """Return the entries that the store has of these files, by the files' ids, and keep others from adding files.

    Raise as ``check_alive``.
    """
    entries = store.entries.filter(file_id__in=file_ids).order_by("pk")
    while True:
        with transaction.atomic():
            # Before their store, as the worker locks them that has read one; without keys' locks, which new rows hold.
            locked = {entry.file_id: entry for entry in entries.select_for_update(no_key=True)}
            check_alive(VectorStore.objects.select_for_update(no_key=True).get(pk=store.pk))
            if len(locked) == entries.count():
                return locked
            # One came while we waited, and whoever holds it may be waiting for the store: let go, and begin again.
            transaction.set_rollback(True)


def _begin(entry: VectorStoreFile, new: NewEntry, *, batch: VectorStoreFileBatch | None) -> VectorStoreFile:
    """Return the entry as one that is to be read, or as failed if its file is of a type that cannot be.

    Passages of an earlier reading are deleted when it is read.
    """
    entry.status = VectorStoreFile.Status.IN_PROGRESS
    entry.batch = batch
    entry.attributes = dict(new.attributes)
    entry.chunking_strategy = normalise_chunking(new.chunking_strategy)
    entry.attempt += 1
    entry.is_cut = entry.needs_vectors = False
    entry.progress = entry.usage_bytes = 0
    entry.last_error = entry.heartbeat_at = None
    entry.notice = entry.embedded_by = entry.worker = ""
    try:
        format_of(new.file.filename)
    except Unreadable as unreadable:
        entry.status = VectorStoreFile.Status.FAILED
        entry.last_error = {"code": unreadable.code, "message": unreadable.message}
    return entry


def check_alive(store: VectorStore) -> None:
    """Raise ``InvalidRequest`` when the store has expired: nothing is added to it or found in it any more."""
    if store.is_expired:
        raise InvalidRequest(f"Vector store '{store.id}' has expired.", param="vector_store_id")


def check_searchable(files: Iterable[File], *, param: str) -> None:
    """Raise ``InvalidRequest`` (``unsupported_file``) for the first file of a type that cannot be read, by its name."""
    for file in files:
        try:
            format_of(file.filename)
        except Unreadable as unreadable:
            message = f"{unreadable.message} It is the file '{file.id}'."
            raise InvalidRequest(message, param=param, code=unreadable.code) from None


def is_searchable(file: File) -> bool:
    """Return whether the file is of a type that can be read, by its name."""
    try:
        format_of(file.filename)
    except Unreadable:
        return False
    return True


def check_number(number: int, *, param: str) -> None:
    if number > MAX_FILES:
        raise InvalidRequest(
            f"Invalid '{param}': too many files. A vector store has at most {MAX_FILES} files, but with these it would"
            f" have {number}.",
            param=param,
            code="array_above_max_length",
        )


def normalise_chunking(strategy: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a chunking strategy as rows and the API have it, ``auto`` with numbers too (reference, section 3).

    Raise ``InvalidRequest`` when passages overlap by more than half.
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
