"""The admin of threads. Messages are shown only to those who may read them, and that they did is noted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict, cast

from django.contrib import admin
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.admin.conversations import files as conversation_files
from chat.admin.shared.durations_and_costs import format_duration, run_duration
from chat.admin.shared.history import log_thread_access
from chat.admin.shared.model_admin import ReadOnlyAdmin, RecentValuesFilter, count_by
from chat.admin.shared.permissions import may_read, may_read_all
from chat.models import File, Message, Run, Thread, User
from chat.models.resource_uses import pictures_in
from chat.retrieval.keywords import chats

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class ThreadCounts(TypedDict):
        assistant_name: str | None
        message_count: int
        run_count: int

    CountedThread = WithAnnotations[Thread, ThreadCounts]

MAX_ROWS = 200  # messages and runs on the page of a thread, the newest


@admin.register(Thread)
class ThreadAdmin(ReadOnlyAdmin):
    list_filter = ("active_at", ("assistant", RecentValuesFilter))
    list_select_related = ("owner", "assistant")
    ordering = ("-active_at",)
    sortable_by = ("active_at",)  # what an index sorts

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        # A title is made of the thread's first words.
        title = ("title",) if may_read_all(request) else ()
        return ("active_at", *title, "owner", "assistant_label", "message_count", "run_count", "id")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        title = ("title",) if may_read_all(request) else ()
        return ("=id", "=owner__username", *title)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Thread], search_term: str
    ) -> tuple[QuerySet[Thread], bool]:
        if not (term := search_term.strip()):
            return queryset, False
        if owner := User.objects.filter(username=term).first():
            return queryset.filter(owner=owner), False
        if may_read_all(request) and not Thread.objects.filter(id=term).exists():
            return queryset.filter(chats.search_titles(term)), False
        return queryset.filter(id=term), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Thread]:
        threads: QuerySet[Thread] = super().get_queryset(request)
        # Assistants are always joined: one that was deleted is then None, where a look-up of its own would raise.
        threads = threads.select_related("owner", "assistant")
        runs = Run.objects.filter(thread=OuterRef("id"), assistant=OuterRef("assistant"))
        return threads.annotate(assistant_name=Subquery(runs.values("assistant_name")[:1]))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Thread | None:
        """Return the thread; for those who may not read it, without its title, whatever page shows it."""
        thread: Thread | None = super().get_object(request, object_id, from_field)
        if thread is not None and not may_read(request, thread):
            thread.title = thread.id
        return thread

    def get_urls(self) -> list[Any]:
        files = conversation_files.file_url_pattern(
            self, thread_of=lambda thread: thread, has_file=conversation_files.thread_has_file
        )
        return [files, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        thread = self.get_object(request, object_id)
        if thread is not None and self.has_view_permission(request, thread):
            readable = may_read(request, thread)
            if readable and request.method == "GET":
                log_thread_access(request, thread, thread=thread)
            self.complete_rows([thread])
            extra_context = {**(extra_context or {}), **page_context(cast("CountedThread", thread), readable=readable)}
        return super().change_view(request, object_id, form_url, extra_context)

    # --- the list ----------------------------------------------------------------------------------------------

    def complete_rows(self, rows: list[Any]) -> None:
        ids = [thread.id for thread in rows]
        messages = count_by("thread", Message.objects.filter(thread__in=ids))
        runs = count_by("thread", Run.objects.filter(thread__in=ids))
        for thread in rows:
            thread.message_count, thread.run_count = messages[thread.id], runs[thread.id]

    @admin.display(description=gettext_lazy("assistant"))
    def assistant_label(self, thread: CountedThread) -> str:
        return assistant_label(thread)

    @admin.display(description=gettext_lazy("messages"))
    def message_count(self, thread: CountedThread) -> int:
        return thread.message_count

    @admin.display(description=gettext_lazy("runs"))
    def run_count(self, thread: CountedThread) -> int:
        return thread.run_count


def assistant_label(row: CountedThread | Run) -> str:
    """Return the assistant's name; of one that was deleted, the name that it had, or else its id."""
    if row.assistant_id is None:
        return "–"
    name = row.assistant_name or row.assistant_id
    return str(row.assistant) if row.assistant else _("%(name)s (deleted)") % {"name": name}


def page_context(thread: CountedThread, *, readable: bool) -> dict[str, Any]:
    """Return the context of a thread's page; unless ``readable``, without a word of a message."""
    rows = thread.messages.select_related("assistant").annotate(assistant_name=F("run__assistant_name"))
    messages = list(rows.order_by("-created_at", "-number")[:MAX_ROWS])[::-1]
    ids = [file_id for message in messages for file_id in conversation_files.message_file_ids(message)]
    files = conversation_files.existing_files(thread, ids) if readable else {}
    return {
        "subtitle": thread.id,
        "thread": thread,
        "assistant": assistant_label(thread),
        "readable": readable,
        "message_rows": [_message_row(message, files=files, readable=readable) for message in messages],
        "omitted_count": max(0, thread.message_count - len(messages)),
        "queued_count": thread.queued_messages.count(),
        "runs": [(run, format_duration(run_duration(run))) for run in thread.runs.all()[:MAX_ROWS]],
    }


def _message_row(message: Message, *, files: Mapping[str, File], readable: bool) -> dict[str, Any]:
    """Return the row of ``message``. ``files`` are those that exist, by id; none where not ``readable``."""
    pictures, ids = pictures_in(message.content), conversation_files.message_file_ids(message)
    existing = [files[file_id] for file_id in ids if file_id in files]
    return {
        "message": message,
        "text": message.text if readable else "",
        "character_count": len(message.text),
        "picture_count": len(pictures),
        "file_count": len(set(ids).difference(pictures)),
        "pictures": [file for file in existing if conversation_files.is_picture(file)],
        "other_files": [file for file in existing if not conversation_files.is_picture(file)],
    }
