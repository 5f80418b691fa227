"""The public form of vector stores (reference, section 3)."""

from __future__ import annotations

from django.db.models import Count, Sum

from chat.models.file_shapes import VectorStoreObject
from chat.models.objects import seconds
from chat.models.vector_stores import VectorStore, VectorStoreFile


def vector_store_object(row: VectorStore) -> VectorStoreObject:
    """One query counts its files, however many there are."""
    by_status = row.entries.order_by().values_list("status").annotate(Count("pk"), Sum("usage_bytes"))
    counts = dict.fromkeys(VectorStoreFile.Status.values, 0)
    usage_bytes = 0
    for status, count, used in by_status:
        counts[status] = count
        usage_bytes += used
    return {
        "id": row.id,
        "object": "vector_store",
        "created_at": seconds(row.created_at),
        "name": row.name or None,
        "description": row.description or None,
        "usage_bytes": usage_bytes,
        "file_counts": counts | {"total": sum(counts.values())},
        "status": _status(row, reading=counts[VectorStoreFile.Status.IN_PROGRESS]),
        "expires_after": row.expires_after and {"anchor": "last_active_at", "days": row.expires_after},
        "expires_at": seconds(row.expires_at),
        "last_active_at": seconds(row.last_active_at),
        "metadata": row.metadata,
    }


def _status(row: VectorStore, *, reading: int) -> str:
    if row.is_expired:
        return "expired"
    return "in_progress" if reading else "completed"
