"""The public form of vector stores (reference, section 3)."""

from __future__ import annotations

from typing import Literal, cast

from django.db.models import Count, Sum

from chat.models.file_shapes import FileCounts, StoreStatus, VectorStoreObject
from chat.models.objects import seconds
from chat.models.vector_stores import VectorStore

Counted = Literal["in_progress", "completed", "failed", "cancelled"]


def vector_store_object(row: VectorStore) -> VectorStoreObject:
    """One query counts its files, however many there are."""
    by_status = row.entries.order_by().values_list("status").annotate(Count("pk"), Sum("usage_bytes"))
    counts: FileCounts = {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}
    usage_bytes = 0
    for status, count, used in by_status:
        counts[cast("Counted", status)] = count
        counts["total"] += count
        usage_bytes += used
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


def _status(row: VectorStore, *, reading: int) -> StoreStatus:
    if row.is_expired:
        return "expired"
    return "in_progress" if reading else "completed"
