"""New vectors for files when the embedding model of their store has changed: those of two models cannot be compared.

The actions of staff and the indexing worker call it.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from chat.models import VectorStore, VectorStoreFile
from chat.models.vector_stores import BUILT_IN, store_changed

RETRY = timedelta(hours=1)  # after new vectors could not be made
Status = VectorStoreFile.Status

EMBEDDER = Case(
    When(store__embedding_provider=None, then=Value(BUILT_IN)),
    default=Concat(Cast("store__embedding_provider_id", CharField()), Value(":"), "store__embedding_model"),
)
"""``VectorStore.embedder`` of an entry's store, in SQL."""


def outdated() -> QuerySet[VectorStoreFile]:
    """Return the completed entries whose vectors are of another model than their store's, and not being made anew."""
    return VectorStoreFile.objects.filter(~Q(embedded_by=EMBEDDER), status=Status.COMPLETED, needs_vectors=False)


def reindex_all() -> int:
    """Have new vectors made for all outdated entries, except those of expired stores. Return how many these are.

    Those for which that failed are left alone for ``RETRY``.
    """
    failed = Q(embedded_by="", is_cut=True, heartbeat_at__gt=timezone.now() - RETRY)
    due = outdated().exclude(failed)
    store_ids = list(due.order_by().values_list("store", flat=True).distinct())
    stores = VectorStore.objects.filter(id__in=store_ids).only("id", "expires_after", "last_active_at")
    return sum(_begin(store, due) for store in stores if not store.is_expired)


def reindex_store(store: VectorStore) -> int:
    """Have new vectors made for the outdated entries of ``store``, and return how many these are.

    Call it when its model has changed. Meanwhile words alone find them. Those that had expired are read again.
    """
    return _begin(store, outdated())


@transaction.atomic
def _begin(store: VectorStore, due: QuerySet[VectorStoreFile]) -> int:
    entries = VectorStoreFile.objects.filter(pk__in=due.filter(store__id=store.id).values("pk"))
    begun = {"attempt": F("attempt") + 1, "progress": 0, "last_error": None, "worker": "", "heartbeat_at": None}
    unread = entries.filter(is_cut=False).update(status=Status.IN_PROGRESS, usage_bytes=0, notice="", **begun)
    count = unread + entries.filter(is_cut=True).update(needs_vectors=True, **begun)
    if count:
        store_changed(store.id)
    return count
