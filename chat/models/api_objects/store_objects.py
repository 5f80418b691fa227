"""The public form of vector stores, of their files and of batches of them (reference, section 3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal, cast

from django.db.models import Count, QuerySet, Sum

from chat.models.api_objects.file_shapes import (
    BatchStatus,
    FileBatchObject,
    FileCounts,
    StoreFileObject,
    StoreStatus,
    VectorStoreObject,
)
from chat.models.api_objects.objects import seconds
from chat.models.vector_stores import VectorStore, VectorStoreFile, VectorStoreFileBatch

Counted = Literal["in_progress", "completed", "failed", "cancelled"]


def vector_store_object(row: VectorStore) -> VectorStoreObject:
    (shown,) = vector_store_objects([row])
    return shown


def vector_store_objects(rows: Sequence[VectorStore]) -> list[VectorStoreObject]:
    """Return the public form of each of ``rows``, with one query for all."""
    of_stores = _counted("store", VectorStoreFile.objects.filter(store__in=[row.id for row in rows]))
    return [_vector_store_object(row, *of_stores[row.id]) for row in rows]


def _vector_store_object(row: VectorStore, counts: FileCounts, usage_bytes: int) -> VectorStoreObject:
    return {
        "id": row.id,
        "object": "vector_store",
        "created_at": seconds(row.created_at),
        "name": row.name or None,
        "description": row.description or None,
        "usage_bytes": usage_bytes,
        "file_counts": counts,
        "status": _status(row, reading=counts["in_progress"]),
        "expires_after": {"anchor": "last_active_at", "days": row.expires_after} if row.expires_after else None,
        "expires_at": seconds(row.expires_at),
        "last_active_at": seconds(row.last_active_at),
        "metadata": row.metadata,
    }


def store_file_object(row: VectorStoreFile) -> StoreFileObject:
    return {
        "id": row.file_id,
        "object": "vector_store.file",
        "usage_bytes": row.usage_bytes,
        "created_at": seconds(row.created_at),
        "vector_store_id": row.store_id,
        "status": row.status,
        "last_error": row.last_error,
        "chunking_strategy": row.chunking_strategy,
        "attributes": row.attributes,
    }


def file_batch_object(row: VectorStoreFileBatch) -> FileBatchObject:
    counts, _usage_bytes = _counted("batch", row.entries.all())[row.id]
    return {
        "id": row.id,
        "object": "vector_store.file_batch",
        "created_at": seconds(row.created_at),
        "status": _batch_status(row, counts),
        "vector_store_id": row.store_id,
        "file_counts": counts,
    }


def _counted(column: str, entries: QuerySet[VectorStoreFile]) -> defaultdict[str, tuple[FileCounts, int]]:
    """Return, by the store or batch in ``column``, the number of files by status and the bytes that they use."""
    found: defaultdict[str, tuple[FileCounts, int]] = defaultdict(lambda: (_no_files(), 0))
    by_status = entries.order_by().values_list(column, "status").annotate(Count("pk"), Sum("usage_bytes"))
    for id, status, count, used in by_status:
        counts, usage_bytes = found[id]
        counts[cast("Counted", status)] = count
        counts["total"] += count
        found[id] = (counts, usage_bytes + used)
    return found


def _no_files() -> FileCounts:
    return {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}


def _status(row: VectorStore, *, reading: int) -> StoreStatus:
    if row.is_expired:
        return "expired"
    return "in_progress" if reading else "completed"


def _batch_status(row: VectorStoreFileBatch, counts: FileCounts) -> BatchStatus:
    if counts["in_progress"]:
        return "in_progress"
    if row.cancelled_at is not None:
        return "cancelled"
    return "failed" if counts["failed"] and counts["failed"] == counts["total"] else "completed"
