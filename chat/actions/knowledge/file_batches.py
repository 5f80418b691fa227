"""Batches: many files for a vector store in one request (reference, section 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from chat.actions.files import files
from chat.actions.knowledge import enqueue, vector_stores
from chat.actions.knowledge.enqueue import Attributes, NewFile
from chat.errors import Absent
from chat.models import User, VectorStoreFile, VectorStoreFileBatch


@dataclass(frozen=True, slots=True)
class Named:
    """A file of a new batch, as ``enqueue.NewFile`` has it."""

    file_id: str
    attributes: Attributes = field(default_factory=dict)
    chunking_strategy: Mapping[str, Any] | None = None


@transaction.atomic
def create(user: User, store_id: str, *, named: Sequence[Named], param: str = "file_ids") -> VectorStoreFileBatch:
    """Put these files of the user into the user's store. What is said last of a file that is named twice counts.

    Raises ``NotFound``, and as ``enqueue.add_files``.
    """
    store = vector_stores.get(user, store_id)
    by_id = {one.file_id: one for one in named}
    found = files.get_all(user, by_id)
    batch = VectorStoreFileBatch.objects.create(store=store)
    wanted = [NewFile(file, by_id[file.id].attributes, by_id[file.id].chunking_strategy) for file in found]
    enqueue.add_files(store, wanted, batch=batch, param=param)
    return batch


def get(user: User, store_id: str, batch_id: str) -> VectorStoreFileBatch:
    """Raises ``Absent``."""
    batch = vector_stores.get(user, store_id).batches.filter(id=batch_id).first()
    if batch is None:
        raise Absent("file batch", batch_id)
    return batch


def files_of(batch: VectorStoreFileBatch) -> QuerySet[VectorStoreFile]:
    """What is in the store because of this batch."""
    return batch.entries.all()


@transaction.atomic
def cancel(batch: VectorStoreFileBatch) -> VectorStoreFileBatch:
    """Leave out what has not been read yet. A batch that has ended stays as it is."""
    waiting = batch.entries.filter(status=VectorStoreFile.Status.IN_PROGRESS)
    left_out = waiting.update(
        status=VectorStoreFile.Status.CANCELLED, attempt=F("attempt") + 1, progress=0, worker="", heartbeat_at=None
    )
    if left_out:
        batch.cancelled_at = timezone.now()
        batch.save(update_fields=["cancelled_at"])
    return batch
