"""File batches: many files for a vector store in one request (reference, section 9). The API calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from chat.actions.files import files
from chat.actions.knowledge import enqueue, vector_stores
from chat.actions.knowledge.enqueue import Attributes, NewEntry
from chat.errors import Absent, inside
from chat.models import User, VectorStoreFile, VectorStoreFileBatch


@dataclass(frozen=True, slots=True)
class BatchFile:
    """A file of a new batch, with the fields of ``enqueue.NewEntry``."""

    file_id: str
    attributes: Attributes = field(default_factory=dict)
    chunking_strategy: Mapping[str, Any] | None = None


@transaction.atomic
def create(
    user: User, store_id: str, *, batch_files: Sequence[BatchFile], param: str = "file_ids"
) -> VectorStoreFileBatch:
    """Add these files of the user to the user's store. Of a file that comes twice, the last fields count.

    Raise ``NotFound``, and as ``enqueue.add_files``.
    """
    store = vector_stores.get(user, store_id)
    by_id = {one.file_id: one for one in batch_files}
    where = "files[].file_id" if param == "files" else "file_ids[]"
    rows = files.get_all(user, [one.file_id for one in batch_files], param=where)
    if param == "files":
        for index, one in enumerate(batch_files):
            with inside(f"files[{index}]"):
                enqueue.normalise_chunking(one.chunking_strategy)
    batch = VectorStoreFileBatch.objects.create(store=store)
    entries = [NewEntry(file, by_id[file.id].attributes, by_id[file.id].chunking_strategy) for file in rows]
    enqueue.add_files(store, entries, batch=batch, param=param)
    return batch


def get(user: User, store_id: str, batch_id: str) -> VectorStoreFileBatch:
    """Return a batch of the user's store. Raise ``Absent``."""
    batch = vector_stores.get(user, store_id).batches.filter(id=batch_id).first()
    if batch is None:
        raise Absent("file batch", batch_id)
    return batch


def entries_of(batch: VectorStoreFileBatch) -> QuerySet[VectorStoreFile]:
    """Return the entries of the store that this batch added."""
    return batch.entries.all()


@transaction.atomic
def cancel(batch: VectorStoreFileBatch) -> VectorStoreFileBatch:
    """Cancel the entries that have not been indexed yet. A batch that has ended stays as it is."""
    waiting = batch.entries.filter(status=VectorStoreFile.Status.IN_PROGRESS)
    left_out = waiting.update(
        status=VectorStoreFile.Status.CANCELLED, attempt=F("attempt") + 1, progress=0, worker="", heartbeat_at=None
    )
    if left_out:
        batch.cancelled_at = timezone.now()
        batch.save(update_fields=["cancelled_at"])
    return batch
