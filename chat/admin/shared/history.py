"""Notes in Django's history of a row, by the pages that show what belongs to other people."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from django.utils import timezone

from chat.models import Run, Thread, VectorStore


def log_access(
    request: HttpRequest, row: Thread | Run | VectorStore, message: str, *, once_in: timedelta = timedelta(0)
) -> bool:
    """Note ``message`` in the history of ``row``, unless the same person has a like note of less than ``once_in`` ago.

    Return whether it was noted.
    """
    note = {
        "user_id": request.user.pk or 0,
        "content_type": ContentType.objects.get_for_model(row),
        "object_id": str(row.pk),
        "action_flag": CHANGE,
        "change_message": message,
    }
    if once_in and LogEntry.objects.filter(**note, action_time__gte=timezone.now() - once_in).exists():
        return False
    LogEntry.objects.create(**note, object_repr=row.id)  # a thread's name is made of its first words
    return True
