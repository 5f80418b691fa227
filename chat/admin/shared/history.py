"""Notes in Django's history of a row that staff looked at what another person wrote or keeps."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.admin.shared.store_access import is_private
from chat.models import Run, Thread, VectorStore

log = logging.getLogger(__name__)
ONE_VISIT = timedelta(minutes=30)  # noted once, however many pages or pictures are opened


def log_thread_access(
    request: HttpRequest, row: Thread | Run, *, thread: Thread, once_in: timedelta = timedelta(0)
) -> None:
    """Note in the history of ``row`` that someone read ``thread``, unless it is their own; once in ``once_in``."""
    if thread.owner_id == request.user.pk:
        return
    if _log_access(request, row, _("Read the messages."), once_in=once_in):
        log.info("%s read the messages of %s on the page of %s", request.user.get_username(), thread.id, row.id)


def log_store_access(request: HttpRequest, store: VectorStore) -> None:
    """Note in the history of ``store`` that someone looked at its files, if it is private; once a visit."""
    if is_private(request, store) and _log_access(request, store, _("Looked at the files."), once_in=ONE_VISIT):
        log.info("%s looked at the files of %s", request.user.get_username(), store.id)


def _log_access(
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
