"""The regular deletion of what has expired. Called by ``serve`` and ``work``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import timezone

from chat.actions.files import files, uploads
from chat.models import DeletedPlace, File, KeptReply, Run, Thread, Upload
from chat.models.accounts.kept_replies import LIFE
from chat.models.deleted_places import LIFE as PLACE_LIFE
from chat.models.runs import LIFE as RUN_LIFE

BATCH = 500  # rows that are held in memory at a time
Row = TypeVar("Row", bound=Model)


def sweep() -> None:
    """Remove expired files and uploads, replies that are no longer repeated, old temporary threads, and the places of
    deleted objects in lists. All of it is read from indexes of times.
    """
    now = timezone.now()
    # Each file and upload is a transaction of its own, so that a long sweep blocks no other writer.
    for file in _shrinking(File.objects.filter(expires_at__lte=now)):
        files.remove(file)
    for upload in _shrinking(Upload.objects.filter(status=Upload.Status.PENDING, expires_at__lte=now)):
        uploads.expire(upload)
    # Left by a server that ended while it answered.
    for thread in _shrinking(Thread.objects.filter(temporary=True, active_at__lte=now - 2 * RUN_LIFE)):
        thread.delete()
    KeptReply.objects.filter(created_at__lte=now - LIFE).delete()
    DeletedPlace.objects.filter(deleted_at__lte=now - PLACE_LIFE).delete()


def prune_timelines() -> None:
    """Remove the timelines of runs that were created more than ``EVERTHREAD_TIMELINE_DAYS`` ago, a batch at a time."""
    oldest = timezone.now() - timedelta(days=settings.EVERTHREAD_TIMELINE_DAYS)
    old = Run.objects.filter(created_at__lt=oldest, timeline__isnull=False).order_by("created_at")
    while keys := list(old.values_list("pk", flat=True)[:BATCH]):
        Run.objects.filter(pk__in=keys).update(timeline=None)


def _shrinking(rows: QuerySet[Row]) -> Iterator[Row]:
    """Yield ``rows`` in batches. The caller takes each out of them, by deleting or changing it, before the next."""
    while batch := list(rows[:BATCH]):
        yield from batch
