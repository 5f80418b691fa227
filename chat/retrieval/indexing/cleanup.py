"""Removing what was read of a file, a little at a time: the words of a hundred passages take the database a while."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from chat.models import Passage, VectorStore, VectorStoreFile, Window
from chat.models.vector_stores import store_changed

ROWS = 100  # that are removed in one transaction
Status = VectorStoreFile.Status


def empty(pk: int, *, among: QuerySet[VectorStoreFile]) -> bool:
    """Remove the windows and passages of the entry ``pk`` for as long as it is ``among`` these. False if it ceased to
    be.
    """
    for rows in (Window.objects, Passage.objects):
        removed = ROWS
        while removed == ROWS:
            with transaction.atomic():
                if among.filter(pk=pk).select_for_update(no_key=True).first() is None:
                    return False
                some = list(rows.filter(entry=pk).values_list("pk", flat=True)[:ROWS])
                rows.filter(pk__in=some).delete()
            removed = len(some)
    return True


def ended() -> QuerySet[VectorStoreFile]:
    """Entries that nothing will ever be found of."""
    return VectorStoreFile.objects.filter(status__in=(Status.FAILED, Status.CANCELLED))


def sweep() -> None:
    """Free the space of what cannot be found: what reading left behind that came to nothing, and expired stores."""
    _empty_all(ended())
    for store in expired():
        _forget(store)
    _empty_all(VectorStoreFile.objects.filter(status=Status.COMPLETED, is_cut=False))


def _empty_all(entries: QuerySet[VectorStoreFile]) -> None:
    left = entries.filter(Exists(Passage.objects.filter(entry=OuterRef("pk"))))
    for pk in list(left.values_list("pk", flat=True)):
        empty(pk, among=entries)


def expired() -> list[VectorStore]:
    """The stores that have expired and whose passages are still there."""
    full = Exists(VectorStoreFile.objects.filter(store=OuterRef("id"), status=Status.COMPLETED, is_cut=True))
    stores = VectorStore.objects.filter(full, expires_after__isnull=False)
    now = timezone.now()
    lives = list(stores.order_by().values_list("expires_after", flat=True).distinct())
    return [
        store
        for days in lives
        for store in stores.filter(expires_after=days, last_active_at__lte=now - timedelta(days=days or 0))
    ]


@transaction.atomic
def _forget(store: VectorStore) -> None:
    """Its files stay listed. Should its life be prolonged, ``renewal`` has them read anew."""
    latest = VectorStore.objects.select_for_update(no_key=True).filter(pk=store.pk).first()
    if latest is not None and latest.is_expired:
        latest.entries.filter(status=Status.COMPLETED).update(is_cut=False, embedded_by="", usage_bytes=0)
        store_changed(latest.id)
