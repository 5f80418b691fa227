"""Withdrawing files from vector stores before they are deleted. The actions on files and stores call it.

They are no longer found at once, and their passages are deleted a few at a time: those of a large store, 100,000, would
block the database for 15 seconds.
"""

from __future__ import annotations

from django.db.models import F, QuerySet

from chat.models import Passage, VectorStoreFile, Window

ROWS = 500  # that are removed in one transaction


def withdraw(entries: QuerySet[VectorStoreFile]) -> None:
    """Remove the passages of ``entries``, which are about to be deleted. Call it outside of a transaction."""
    cancelled = {"status": VectorStoreFile.Status.CANCELLED, "needs_vectors": False}
    entries.update(**cancelled, attempt=F("attempt") + 1, worker="", heartbeat_at=None)
    for rows in (Window.objects, Passage.objects):
        remaining = rows.filter(entry__in=entries.order_by()).order_by()
        while keys := list(remaining.values_list("pk", flat=True)[:ROWS]):
            rows.filter(pk__in=keys).delete()
