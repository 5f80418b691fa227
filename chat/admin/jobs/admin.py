"""Procrastinate's jobs, on PostgreSQL alone. Nobody changes anything here, as jobs are only hints."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import procrastinate.contrib.django.admin  # noqa: F401 -- it registers a page of its own, which is replaced here
from django.contrib import admin
from django.db.models import Max
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob

from chat.admin.shared.model_admin import StrictLookupAdmin

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[Any, Any]
else:
    TabularInline = admin.TabularInline

# Its styles stand in its markup, which the content security policy forbids, and whoever may look may abort jobs.
admin.site.unregister(ProcrastinateJob)


class ReadOnly:
    """For those to look at who may view the model."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class JobEventInline(ReadOnly, TabularInline):
    model = ProcrastinateEvent
    fields = ("type", "at")
    ordering = ("id",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return True: the page is for those who may view jobs."""
        return True


@admin.register(ProcrastinateJob)
class JobAdmin(ReadOnly, StrictLookupAdmin):
    """The jobs that wait, are under way, or ended in the last day, with what became of each and when."""

    fields = ("task_name", "queue_name", "status", "attempts", "args", "lock", "worker")
    list_display = ("task_name", "queue_name", "status", "attempts", "changed_at")
    list_filter = ("status", "queue_name", "task_name")
    ordering = ("-id",)
    inlines = (JobEventInline,)

    def complete_rows(self, rows: list[Any]) -> None:
        events = ProcrastinateEvent.objects.filter(job__in=[job.pk for job in rows]).order_by()
        times = dict(events.values_list("job").annotate(Max("at")))
        for job in rows:
            job.changed_at = times.get(job.pk)

    @admin.display(description=_("changed"))
    def changed_at(self, job: Any) -> datetime | None:
        changed_at: datetime | None = job.changed_at
        return changed_at
