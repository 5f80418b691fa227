"""The notes, in the history of a row, that staff looked at what another person wrote or keeps."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.models import Run, Thread

log = logging.getLogger(__name__)


def log_thread_access(
    request: HttpRequest, row: Thread | Run, *, thread: Thread, once_in: timedelta = timedelta(0)
) -> None:
    """Note in the history of ``row`` that someone read ``thread``, unless it is their own; once in ``once_in``."""
    if thread.owner_id != request.user.pk and _note_access(request, row, _("Read the messages."), once_in=once_in):
        log.info("%s read the messages of %s on the page of %s", request.user.get_username(), thread.id, row.id)


def _note_access(request: HttpRequest, row: Thread | Run, message: str, *, once_in: timedelta) -> bool:
    """Add ``message`` to the history of ``row``, unless this user's is there and younger than ``once_in``. Return
    whether it was added.
    """
    entry = {
        "user_id": request.user.pk or 0,
        "content_type": ContentType.objects.get_for_model(row),
        "object_id": str(row.pk),
        "action_flag": CHANGE,
        "change_message": message,
    }
    if once_in and LogEntry.objects.filter(**entry, action_time__gte=timezone.now() - once_in).exists():
        return False
    # By its id: the name of a thread is made of its first words.
    LogEntry.objects.create(**entry, object_repr=row.id)
    return True
