"""Removing passages and windows, a few in a transaction: the words of a hundred passages take the database a while.

Indexing removes what an earlier attempt left; the daily sweep what cannot be found any more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from chat.models import Passage, VectorStore, VectorStoreFile, Window
from chat.models.vector_stores import store_changed
from chat.retrieval.indexing.claims import Claim, ClaimLost

ROWS = 100  # that are removed in one transaction
Status = VectorStoreFile.Status


def empty(pk: int, *, among: QuerySet[VectorStoreFile]) -> bool:
    """Remove the windows and passages of the entry ``pk``. Return False if it leaves ``among`` before all are gone."""
    return _remove(Window.objects.filter(entry=pk), pk, among) and _remove(Passage.objects.filter(entry=pk), pk, among)


def _remove(rows: QuerySet[Any], pk: int, among: QuerySet[VectorStoreFile]) -> bool:
    removed = ROWS
    while removed == ROWS:
        with transaction.atomic():
            if among.filter(pk=pk).select_for_update(no_key=True).first() is None:
                return False
            keys = list(rows.values_list("pk", flat=True)[:ROWS])
            rows.model.objects.filter(pk__in=keys).delete()
        removed = len(keys)
    return True


def empty_claimed(claim: Claim) -> None:
    """Remove the windows and passages of the claimed entry. Raise ``ClaimLost``."""
    if not empty(claim.pk, among=claim.rows()):
        raise ClaimLost


def remove_windows(claim: Claim) -> None:
    """Remove the windows of the claimed entry. Raise ``ClaimLost``."""
    if not _remove(Window.objects.filter(entry=claim.pk), claim.pk, claim.rows()):
        raise ClaimLost


def ended() -> QuerySet[VectorStoreFile]:
    """Return the entries whose passages will never be found."""
    return VectorStoreFile.objects.filter(status__in=(Status.FAILED, Status.CANCELLED))


def sweep() -> None:
    """Remove the passages that cannot be found: of failed and cancelled entries, and of expired stores."""
    _empty_all(ended())
    for store in expired():
        _mark_unread(store)
    _empty_all(VectorStoreFile.objects.filter(status=Status.COMPLETED, is_cut=False))


def _empty_all(entries: QuerySet[VectorStoreFile]) -> None:
    filled = entries.filter(Exists(Passage.objects.filter(entry=OuterRef("pk"))))
    for pk in list(filled.values_list("pk", flat=True)):
        empty(pk, among=entries)


def expired() -> list[VectorStore]:
    """Return the stores that have expired and still have passages."""
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
def _mark_unread(store: VectorStore) -> None:
    """Keep the entries of an expired store, without passages. ``reindex`` reads them if its life is prolonged."""
    latest = VectorStore.objects.select_for_update(no_key=True).filter(pk=store.pk).first()
    if latest is not None and latest.is_expired:
        latest.entries.filter(status=Status.COMPLETED).update(
            is_cut=False, embedded_by="", needs_vectors=False, usage_bytes=0
        )
        store_changed(latest.id)
