"""What every list and form of the admin keeps to: who may read what people wrote, and what an address may ask for.

Django lets an address filter a list by any column (``?title__startswith=a``), and whoever counts the rows that come
back can read a column letter by letter. Here an address may filter only by what the list itself offers.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _

from chat.admin.shared.history import log_access
from chat.models import Run, Thread

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

log = logging.getLogger(__name__)
READ = "chat.read_messages"

# What Django's own filters put behind the name of their column.
LOOKUPS = {"", "exact", "id__exact", "isnull", "gte", "lt"}


class Guarded(ModelAdmin):
    """A list that can be filtered only by what ``list_filter`` offers."""

    class Media:
        css = {"all": ("css/admin.css",)}

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        offered = [entry if isinstance(entry, str) else _parameter(entry) for entry in self.list_filter]
        return any(lookup.startswith(name) and lookup[len(name) :].removeprefix("__") in LOOKUPS for name in offered)


def _parameter(entry: Any) -> str:
    """The column of a filter given as ``(column, class)``, or the parameter of one that is a class of its own."""
    return str(entry[0] if isinstance(entry, tuple) else entry.parameter_name)


class ReadOnly(Guarded):
    """Pages that show and change nothing."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def may_read(request: HttpRequest, thread: Thread) -> bool:
    """Whether the staff member may see what is said in ``thread``: their own, or with the permission for it."""
    return thread.owner_id == request.user.pk or may_read_all(request)


def may_read_all(request: HttpRequest) -> bool:
    return request.user.has_perm(READ)


def log_reading(request: HttpRequest, row: Thread | Run, *, thread: Thread, once_in: timedelta = timedelta(0)) -> None:
    """Note in the history of ``row`` that someone read what another person wrote in ``thread``; not again ``once_in``
    so long.
    """
    if thread.owner_id == request.user.pk:
        return
    if log_access(request, row, _("Read the messages."), once_in=once_in):
        log.info("%s read the messages of %s on the page of %s", request.user.get_username(), thread.id, row.id)
