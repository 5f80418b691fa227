"""The views of a vector store's files: upload, table, passages, search, download, remove."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from chat.actions.knowledge import staff
from chat.admin.knowledge import passages, search_tester, statistics
from chat.admin.shared.durations_and_costs import format_cost
from chat.admin.shared.embedding_field import store_embedding_label
from chat.admin.shared.history import log_store_access
from chat.admin.shared.model_admin import StrictLookupAdmin
from chat.admin.shared.store_access import assistants_of
from chat.downloads import download_response
from chat.errors import InvalidRequest, Refusal
from chat.models import Passage, VectorStore, VectorStoreFile

if TYPE_CHECKING:
    Upload = UploadedFile[bytes]

View = Callable[..., HttpResponseBase]  # of a request, a store and what else is in the address
FILES, PASSAGES = 50, 20  # on one page
FOLDER = "admin/chat/vectorstore"


class StorePagesAdmin(StrictLookupAdmin):
    """The views under the URL of a store. Each is called with the store, which the staff member may see."""

    def get_urls(self) -> list[Any]:
        entry = "<int:pk>/files/<int:entry_pk>"
        return [
            path("<int:pk>/files/", self._safe_view(self.files_view), name="chat_vectorstore_files"),
            path("<int:pk>/search/", self._safe_view(self.search_view), name="chat_vectorstore_search"),
            path("<int:pk>/upload/", self._post_view(self.upload_view), name="chat_vectorstore_upload"),
            path("<int:pk>/retry/", self._post_view(self.retry_view), name="chat_vectorstore_retry_all"),
            path(f"{entry}/", self._safe_view(self.passages_view), name="chat_vectorstore_passages"),
            path(f"{entry}/download/", self._safe_view(self.download_view), name="chat_vectorstore_download"),
            path(f"{entry}/retry/", self._post_view(self.retry_view), name="chat_vectorstore_retry"),
            path(f"{entry}/remove/", self._post_view(self.remove_view), name="chat_vectorstore_remove"),
            *super().get_urls(),
        ]

    def _safe_view(self, view: View) -> View:
        return self._wrap_view(view, may=self.has_view_permission, method=require_safe)

    def _post_view(self, view: View) -> View:
        return self._wrap_view(view, may=self.has_change_permission, method=require_POST)

    def _wrap_view(self, view: View, *, may: Any, method: Any) -> View:

        @wraps(view)
        def wrapped(request: HttpRequest, pk: int, **rest: Any) -> HttpResponseBase:
            store: VectorStore | None = self.get_object(request, str(pk))
            if not may(request, store):
                raise PermissionDenied
            if store is None:
                raise Http404
            log_store_access(request, store)
            try:
                return view(request, store, **rest)
            except Refusal as refusal:
                # In plain text, for the page's script, which sends all requests but those for whole pages.
                return HttpResponse(refusal.message, status=refusal.status, content_type="text/plain; charset=utf-8")

        return cast(View, self.admin_site.admin_view(method(wrapped)))

    # --- all files ---------------------------------------------------------------------------------------------

    def files_view(self, request: HttpRequest, store: VectorStore) -> HttpResponseBase:
        """Render the table of files, which the page polls while some are being read."""
        return self._render_table(request, store)

    def upload_view(self, request: HttpRequest, store: VectorStore) -> HttpResponseBase:
        """Add one file; the page's script sends a request for each."""
        upload = request.FILES.get("file")
        if upload is None:
            raise InvalidRequest(_("Choose a file first."), param="file")
        entry = staff.add_upload(store, upload=cast("Upload", upload))
        self._log_file(request, store, "added", entry)
        return HttpResponse(status=201)

    def retry_view(self, request: HttpRequest, store: VectorStore, entry_pk: int | None = None) -> HttpResponseBase:
        """Read one file again, or all that failed, and render the table."""
        if entry_pk is not None:
            self._get_entry(store, entry_pk)
        staff.retry(store, entry_pk=entry_pk)
        return self._render_table(request, store)

    def search_view(self, request: HttpRequest, store: VectorStore) -> HttpResponseBase:
        """Render the hits of the search tester, while someone types."""
        form = search_tester.SearchTestForm(request.GET, store=store)
        outcome = search_tester.run_search(form) if form.is_valid() and form.cleaned_data["q"] else None
        return render(request, f"{FOLDER}/search_hits.html", {"form": form, "outcome": outcome, "original": store})

    def _render_table(self, request: HttpRequest, store: VectorStore) -> HttpResponse:
        """Render the table of files; with the store's statistics, once no file is being read."""
        context = table_context(request, store)
        # Counting them takes longer than the table.
        if not context["counts"].reading:
            context |= {"oob": True, **statistics_context(store)}
        context["has_change_permission"] = self.has_change_permission(request, store)
        return render(request, f"{FOLDER}/files.html", context)

    # --- one file ----------------------------------------------------------------------------------------------

    def passages_view(self, request: HttpRequest, store: VectorStore, entry_pk: int) -> HttpResponseBase:
        """Render a page of the passages that the file was cut into."""
        entry = self._get_entry(store, entry_pk)
        page = Paginator(entry.passages.order_by("place"), PASSAGES).get_page(_page_number(request))
        listed = list(page.object_list)
        before = entry.passages.filter(place__lt=listed[0].place).order_by("place").last() if listed else None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": store,
            "title": entry.file.filename,
            "entry": entry,
            "page": page,
            "numbers": page.paginator.get_elided_page_range(page.number),
            "passages": passages.passage_rows(
                listed, filename=entry.file.filename, previous_end=before.char_to if before else 0
            ),
            "chunking": entry.chunking_strategy.get("static", {}),
            "media": self.media,
        }
        return TemplateResponse(request, f"{FOLDER}/passages.html", context)

    def download_view(self, request: HttpRequest, store: VectorStore, entry_pk: int) -> HttpResponseBase:
        file = self._get_entry(store, entry_pk).file
        return download_response(request, file, as_attachment=True, content_type="application/octet-stream")

    def remove_view(self, request: HttpRequest, store: VectorStore, entry_pk: int) -> HttpResponseBase:
        entry = self._get_entry(store, entry_pk)
        staff.take_out(entry, with_file="with_file" in request.POST)
        self._log_file(request, store, "deleted", entry)
        return self._render_table(request, store)

    @staticmethod
    def _get_entry(store: VectorStore, entry_pk: int) -> VectorStoreFile:
        entry = store.entries.filter(pk=entry_pk).select_related("file__owner").first()
        if entry is None:
            raise Http404
        return entry

    def _log_file(self, request: HttpRequest, store: VectorStore, change: str, entry: VectorStoreFile) -> None:
        row = {"name": str(VectorStoreFile._meta.verbose_name), "object": entry.file.filename}
        self.log_change(request, store, [{change: row}])


def table_context(request: HttpRequest, store: VectorStore) -> dict[str, Any]:
    """Return the context of the table of files: a page of those with the status that the URL names, or of all."""
    counts = statistics.status_counts([store])[store.id]
    status = request.GET.get("status", "")
    entries = store.entries.select_related("file")
    if status in VectorStoreFile.Status.values:
        entries = entries.filter(status=status)
    else:
        status = ""
    page = Paginator(entries.order_by("-created_at", "-pk"), FILES).get_page(request.GET.get("p"))
    listed = list(page.object_list)
    passage_counts = Passage.objects.filter(entry__in=listed).order_by().values_list("entry").annotate(Count("pk"))
    passages_by_entry = dict(passage_counts)
    labels = dict(VectorStoreFile.Status.choices)
    return {
        "original": store,
        "counts": counts,
        "states": [(value, labels[value], count) for value, count in counts.noteworthy],
        "status": status,
        "rows": [(entry, passages_by_entry.get(entry.pk, 0)) for entry in listed],
        "page": page,
        "numbers": page.paginator.get_elided_page_range(page.number),
    }


def statistics_context(store: VectorStore) -> dict[str, Any]:
    store_statistics = statistics.store_statistics(store)
    return {
        "statistics": store_statistics,
        "cost": format_cost(store_statistics.cost),
        "users": assistants_of([store])[store.id],
        "embedding_label": store_embedding_label(store),
    }


def _page_number(request: HttpRequest) -> str | int | None:
    """Return the number that the URL names, or that of the page with the passage that it names."""
    place = request.GET.get("passage", "")
    return int(place) // PASSAGES + 1 if place.isdecimal() else request.GET.get("p")
