"""Taking files out of vector stores: they are found no more at once, and their passages go a few at a time.

Together they would keep the database from everyone else: those of a large store, 100,000, take 15 seconds.
"""

from __future__ import annotations

from django.db.models import F, QuerySet

from chat.models import Passage, VectorStoreFile, Window

ROWS = 500  # that are removed in one transaction


def withdraw(entries: QuerySet[VectorStoreFile]) -> None:
    """Remove what was read of ``entries``, which are about to be deleted. Call it outside of a transaction."""
    entries.update(status=VectorStoreFile.Status.CANCELLED, attempt=F("attempt") + 1, worker="", heartbeat_at=None)
    for rows in (Window.objects, Passage.objects):
        left = rows.filter(entry__in=entries.order_by()).order_by()
        while some := list(left.values_list("pk", flat=True)[:ROWS]):
            rows.filter(pk__in=some).delete()
