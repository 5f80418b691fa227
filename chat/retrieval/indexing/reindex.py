"""Reading files again when the embedding model of their store has changed: vectors of two models cannot be compared.

The actions of staff and the indexing worker call it.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat

from chat.models import VectorStore, VectorStoreFile
from chat.models.vector_stores import BUILT_IN, store_changed

Status = VectorStoreFile.Status

EMBEDDER = Case(
    When(store__embedding_provider=None, then=Value(BUILT_IN)),
    default=Concat(Cast("store__embedding_provider_id", CharField()), Value(":"), "store__embedding_model"),
)
"""``VectorStore.embedder`` of an entry's store, in SQL."""


def outdated() -> QuerySet[VectorStoreFile]:
    """Return the entries that can be searched, but were embedded by another model than their store's."""
    return VectorStoreFile.objects.filter(~Q(embedded_by=EMBEDDER), status=Status.COMPLETED)


def reindex_all() -> int:
    """Have all outdated entries read again, except those of expired stores. Return how many."""
    store_ids = list(outdated().order_by().values_list("store", flat=True).distinct())
    stores = VectorStore.objects.filter(id__in=store_ids).only("id", "expires_after", "last_active_at")
    return sum(reindex_store(store) for store in stores if not store.is_expired)


@transaction.atomic
def reindex_store(store: VectorStore) -> int:
    """Have the outdated entries of ``store`` read again, and return how many; call it when its model has changed.

    Until they have been read they are not found.
    """
    count = VectorStoreFile.objects.filter(pk__in=outdated().filter(store__id=store.id).values("pk")).update(
        status=Status.IN_PROGRESS,
        attempt=F("attempt") + 1,
        is_cut=False,
        progress=0,
        usage_bytes=0,
        notice="",
        embedded_by="",
        worker="",
        heartbeat_at=None,
    )
    if count:
        store_changed(store.id)
    return count
