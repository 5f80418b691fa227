"""The admin of vector stores, which its pages call knowledge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.forms import Script
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from chat.actions.knowledge import staff
from chat.admin.knowledge import statistics
from chat.admin.knowledge.form import StoreForm
from chat.admin.knowledge.pages import StorePagesAdmin, statistics_context, table_context
from chat.admin.knowledge.search_tester import SearchTestForm
from chat.admin.shared.embedding_field import store_embedding_label
from chat.admin.shared.history import log_store_access
from chat.admin.shared.model_admin import RecentValuesFilter
from chat.admin.shared.store_access import allowed_owners, assistants_of, is_private, visible_stores
from chat.documents.formats import SUPPORTED
from chat.models import Assistant, VectorStore, VectorStoreFile
from chat.models.vector_stores import Origin

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class StoreColumns(TypedDict):
        counts: statistics.StatusCounts
        size: int
        users: list[Assistant]

    ListedStore = WithAnnotations[VectorStore, StoreColumns]


class OriginFilter(admin.SimpleListFilter):
    """A filter that lists the stores of chats' attachments apart from the rest."""

    title = gettext_lazy("origin")
    parameter_name = "origin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("chats", gettext_lazy("Attachments of chats"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for value, title in (("", _("Knowledge")), *self.lookup_choices):
            yield {
                "selected": (self.value() or "") == value,
                "query_string": changelist.get_query_string({self.parameter_name: value or None}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[VectorStore]) -> QuerySet[VectorStore]:
        of_chats = Q(origin=Origin.ATTACHMENT)
        return queryset.filter(of_chats) if self.value() == "chats" else queryset.exclude(of_chats)


@admin.register(VectorStore)
class KnowledgeAdmin(StorePagesAdmin):
    form = StoreForm
    list_display = ("__str__", "owner", "ready_files", "size", "state", "used_by", "last_used")
    list_filter = (OriginFilter, ("owner", RecentValuesFilter))
    list_select_related = ("owner",)
    list_per_page = 25  # each row counts and sums up all files of its store
    search_fields = ("name", "description", "=id", "owner__username")
    change_form_template = "admin/chat/vectorstore/change_form.html"
    fieldsets = (
        (None, {"fields": ("name", "description", "owner", "lends_files", "embedding", "expires_after")}),
        (gettext_lazy("For programs"), {"classes": ("collapse",), "fields": ("metadata", "id", "created_at")}),
    )

    class Media:
        js = (Script("js/knowledge.js", defer=True),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[VectorStore]:
        return visible_stores(request)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> VectorStore | None:
        if not object_id.isdecimal():
            return None
        return visible_stores(request).select_related("owner", "embedding_provider").filter(pk=object_id).first()

    def get_readonly_fields(self, request: HttpRequest, obj: VectorStore | None = None) -> tuple[str, ...]:
        """Return the owner too for a store that exists: its files are that owner's as well."""
        return ("id", "created_at", "owner") if obj else ("id", "created_at")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "owner":
            options |= {"queryset": allowed_owners(request), "initial": request.user.pk}
        return super().formfield_for_foreignkey(db_field, request, **options)

    # --- the page of a store -----------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        store = self.get_object(request, object_id)
        if store is not None and self.has_view_permission(request, store):
            log_store_access(request, store)
            extra_context = {**(extra_context or {}), **self._page_context(request, store)}
        return super().change_view(request, object_id, form_url, extra_context)

    def _page_context(self, request: HttpRequest, store: VectorStore) -> dict[str, Any]:
        return {
            **table_context(request, store),
            **statistics_context(store),
            "private": is_private(request, store),
            "search_form": SearchTestForm(store=store),
            "extensions": " ".join(SUPPORTED),
            "accept": ",".join(SUPPORTED),
            "most_megabytes": settings.EVERTHREAD_MAX_UPLOAD_MB,
        }

    def save_model(self, request: HttpRequest, obj: VectorStore, form: Any, change: bool) -> None:
        # Only what was changed is written: the store may have been filled or used in the meantime.
        provider, model = form.cleaned_data["embedding"]
        if not change:
            obj.origin, obj.embedding_provider, obj.embedding_model = Origin.ADMIN, provider, model
            super().save_model(request, obj, form, change)
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=columns.intersection(form.changed_data))
        if count := staff.embed_with(obj, provider=provider, model=model):
            message = ngettext(
                "%(count)d file is being embedded anew.", "%(count)d files are being embedded anew.", count
            )
            messages.info(request, message % {"count": count})

    def response_add(self, request: HttpRequest, obj: VectorStore, *args: Any, **options: Any) -> HttpResponse:
        """Redirect to the page of the new store, where files are uploaded."""
        if "_addanother" in request.POST or "_popup" in request.POST:
            return super().response_add(request, obj, *args, **options)
        messages.success(request, _("“%(name)s” was made. Now give it files.") % {"name": obj})
        return HttpResponseRedirect(reverse("admin:chat_vectorstore_change", args=[obj.pk]))

    # --- deleting ----------------------------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the actions without deletion: that is one store at a time, with a question about its files."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, dict[str, int], set[str], list[str]]:
        """Return what is deleted with the stores as counts: Django would list every passage."""
        stores = list(objs)
        names = [str(store) for store in stores]
        for users in assistants_of(stores).values():
            names += [_("the knowledge of the assistant “%(name)s”") % {"name": assistant} for assistant in users]
        files = VectorStoreFile.objects.filter(store__in=stores).count()
        counts = {str(VectorStore._meta.verbose_name_plural): len(stores)}
        if files:
            counts[str(VectorStoreFile._meta.verbose_name_plural)] = files
        allowed = all(self.has_delete_permission(request, store) for store in stores)
        return names, counts, set() if allowed else {str(VectorStore._meta.verbose_name)}, []

    def delete_model(self, request: HttpRequest, obj: VectorStore) -> None:
        staff.delete(obj, with_files="with_files" in request.POST)

    # --- the list ----------------------------------------------------------------------------------------------

    def complete_rows(self, rows: list[Any]) -> None:
        users, counts, sizes = assistants_of(rows), statistics.status_counts(rows), statistics.file_bytes(rows)
        for store in rows:
            store.users, store.counts, store.size = users[store.id], counts[store.id], sizes[store.id]

    @admin.display(description=gettext_lazy("files ready"))
    def ready_files(self, store: ListedStore) -> str:
        return f"{store.counts.ready} / {store.counts.total}"

    @admin.display(description=gettext_lazy("size"))
    def size(self, store: ListedStore) -> str:
        return filesizeformat(store.size)

    @admin.display(description=gettext_lazy("status"))
    def state(self, store: VectorStore) -> str:
        status, words = state_label(store)
        return format_html('<span class="state state-{}">{}</span>', status, words)

    @admin.display(description=gettext_lazy("used by"), empty_value="–")
    def used_by(self, store: ListedStore) -> str | None:
        return ", ".join(str(assistant) for assistant in store.users) or None

    @admin.display(description=gettext_lazy("last used"), ordering="last_active_at")
    def last_used(self, store: VectorStore) -> datetime:
        return store.last_active_at

    @admin.display(description=gettext_lazy("embeddings"))
    def embedding(self, store: VectorStore) -> str:
        return store_embedding_label(store)


def state_label(store: Any) -> tuple[str, str]:
    """Return the state of a store with its ``counts``: a status, for its colour, and words."""
    if store.is_expired:
        return "expired", _("expired")
    if store.counts.reading:
        return "in_progress", _("being read")
    if store.counts.failed:
        words = ngettext("%(count)d file failed", "%(count)d files failed", store.counts.failed)
        return "failed", words % {"count": store.counts.failed}
    return ("completed", _("ready")) if store.counts.total else ("empty", _("empty"))
