"""The admin of runs, which shows what happened in each."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy

from chat.admin.conversations import files as conversation_files
from chat.admin.conversations.run_timeline import event_rows, step_rows
from chat.admin.conversations.threads import assistant_label
from chat.admin.shared.durations_and_costs import format_cost, format_duration, run_duration, run_statistics
from chat.admin.shared.history import log_thread_access
from chat.admin.shared.model_admin import MOST_ROWS, ReadOnlyAdmin, RecentValuesFilter
from chat.admin.shared.permissions import may_read
from chat.models import Run, RunStatus, Thread, User


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    class Media:
        css = {"all": ("css/highlight.css",)}

    list_display = ("created_at", "state", "model", "assistant_label", "owner", "took", "tokens", "id")
    list_filter = ("status", ("model", RecentValuesFilter), "created_at")
    sortable_by = ("created_at",)  # what an index sorts
    search_fields = ("=id", "=thread__id", "=thread__owner__username", "=assistant__id")
    search_help_text = gettext_lazy("The id of a run, a thread or an assistant, or a user name.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        runs: QuerySet[Run] = super().get_queryset(request)
        return runs.select_related("assistant", "thread__owner")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Run], search_term: str
    ) -> tuple[QuerySet[Run], bool]:
        if not (term := search_term.strip()):
            return queryset, False
        if owner := User.objects.filter(username=term).first():
            threads = Thread.objects.filter(owner=owner).order_by("-active_at")[:MOST_ROWS]
            return queryset.filter(thread__in=list(threads.values_list("id", flat=True))), False
        return queryset.filter(Q(id=term) | Q(thread=term) | Q(assistant=term)), False

    def get_urls(self) -> list[Any]:
        files = conversation_files.file_url_pattern(
            self, thread_of=lambda run: run.thread, has_file=conversation_files.run_has_file
        )
        return [files, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        if run is not None and self.has_view_permission(request, run):
            readable = may_read(request, run.thread)
            if readable and request.method == "GET":
                log_thread_access(request, run, thread=run.thread)
            extra_context = {**(extra_context or {}), **page_context(run, readable=readable)}
        return super().change_view(request, object_id, form_url, extra_context)

    # --- the list ----------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("status"))
    def state(self, run: Run) -> str:
        return format_html('<span class="state state-{}">{}</span>', run.status, run.get_status_display())

    @admin.display(description=gettext_lazy("assistant"))
    def assistant_label(self, run: Run) -> str:
        return assistant_label(run)

    @admin.display(description=gettext_lazy("owner"))
    def owner(self, run: Run) -> str:
        return run.thread.owner.get_username()

    @admin.display(description=gettext_lazy("took"))
    def took(self, run: Run) -> str:
        return format_duration(run_duration(run))

    @admin.display(description=gettext_lazy("tokens in / out"), empty_value="–")
    def tokens(self, run: Run) -> str | None:
        return f"{run.usage['prompt_tokens']} / {run.usage['completion_tokens']}" if run.usage else None


def page_context(run: Run, *, readable: bool) -> dict[str, Any]:
    """Return the context of a run's page; unless ``readable``, without a word that a person or a model wrote."""
    statistics = run_statistics(run)
    return {
        "run": run,
        "statistics": statistics,
        "assistant": assistant_label(run),
        "readable": readable,
        "events": event_rows(run),
        "step_rows": step_rows(run, readable=readable),
        "queue_time": format_duration(statistics.queue_time),
        "time_to_first_word": format_duration(statistics.time_to_first_word),
        "took": format_duration(statistics.duration),
        "cost": format_cost(statistics.cost),
        "tools": ", ".join(tool.get("function", {}).get("name", tool["type"]) for tool in run.tools),
    }


def runs_today() -> dict[str, int]:
    """Return the number of ``runs`` created since midnight, and of ``failures`` among them."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    runs = Run.objects.filter(created_at__gte=midnight)
    return {"runs": runs.count(), "failures": runs.filter(status=RunStatus.FAILED).count()}
