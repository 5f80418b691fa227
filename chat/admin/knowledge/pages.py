"""The pages of a vector store's files: hand in, watch, read as cut, search, fetch, take out."""

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
from chat.admin.knowledge import passages, search_tester
from chat.admin.knowledge import statistics as figures
from chat.admin.shared.durations_and_costs import money
from chat.admin.shared.embedding_field import label_of
from chat.admin.shared.model_admin import StrictLookupAdmin
from chat.admin.shared.store_access import assistants_of, log_looking
from chat.downloads import download_response
from chat.errors import InvalidRequest, Refusal
from chat.models import Passage, VectorStore, VectorStoreFile

if TYPE_CHECKING:
    Upload = UploadedFile[bytes]

View = Callable[..., HttpResponseBase]  # of a request, a store and what else is in the address
FILES, PASSAGES = 50, 20  # on one page
FOLDER = "admin/chat/vectorstore"


class StorePages(StrictLookupAdmin):
    """Each address is under that of the store, and each view is given a store that the staff member may see."""

    def get_urls(self) -> list[Any]:
        entry = "<int:pk>/files/<int:entry_pk>"
        return [
            path("<int:pk>/files/", self._looking(self.files_view), name="chat_vectorstore_files"),
            path("<int:pk>/search/", self._looking(self.search_view), name="chat_vectorstore_search"),
            path("<int:pk>/upload/", self._changing(self.upload_view), name="chat_vectorstore_upload"),
            path("<int:pk>/retry/", self._changing(self.retry_view), name="chat_vectorstore_retry_all"),
            path(f"{entry}/", self._looking(self.passages_view), name="chat_vectorstore_passages"),
            path(f"{entry}/download/", self._looking(self.download_view), name="chat_vectorstore_download"),
            path(f"{entry}/retry/", self._changing(self.retry_view), name="chat_vectorstore_retry"),
            path(f"{entry}/remove/", self._changing(self.remove_view), name="chat_vectorstore_remove"),
            *super().get_urls(),
        ]

    def _looking(self, view: View) -> View:
        return self._entered(view, may=self.has_view_permission, method=require_safe)

    def _changing(self, view: View) -> View:
        return self._entered(view, may=self.has_change_permission, method=require_POST)

    def _entered(self, view: View, *, may: Any, method: Any) -> View:
        """A refusal is told in plain words: all but reading is asked for by the page's script."""

        @wraps(view)
        def entered(request: HttpRequest, pk: int, **rest: Any) -> HttpResponseBase:
            store: VectorStore | None = self.get_object(request, str(pk))
            if not may(request, store):
                raise PermissionDenied
            if store is None:
                raise Http404
            log_looking(request, store)
            try:
                return view(request, store, **rest)
            except Refusal as refusal:
                return HttpResponse(refusal.message, status=refusal.status, content_type="text/plain; charset=utf-8")

        return cast(View, self.admin_site.admin_view(method(entered)))

    # --- all files ---------------------------------------------------------------------------------------------

    def files_view(self, request: HttpRequest, store: VectorStore) -> HttpResponseBase:
        """The table of files; while some are being read, the page asks for it again and again."""
        return self._table(request, store)

    def upload_view(self, request: HttpRequest, store: VectorStore) -> HttpResponseBase:
        """One file. The page's script sends as many requests as there are files."""
        given = request.FILES.get("file")
        if given is None:
            raise InvalidRequest(_("Choose a file first."), param="file")
        entry = staff.add(store, upload=cast("Upload", given))
        self._note(request, store, "added", entry)
        return HttpResponse(status=201)

    def retry_view(self, request: HttpRequest, store: VectorStore, entry_pk: int | None = None) -> HttpResponseBase:
        """Have one file read again, or all that failed."""
        if entry_pk is not None:
            self._entry(store, entry_pk)
        staff.retry(store, entry_pk=entry_pk)
        return self._table(request, store)

    def search_view(self, request: HttpRequest, store: VectorStore) -> HttpResponseBase:
        """What would be found, as one types."""
        form = search_tester.TrialForm(request.GET, store=store)
        trial = search_tester.try_out(form) if form.is_valid() and form.cleaned_data["q"] else None
        return render(request, f"{FOLDER}/hits.html", {"form": form, "trial": trial, "original": store})

    def _table(self, request: HttpRequest, store: VectorStore) -> HttpResponse:
        """With the figures of the store, once nothing is outstanding: counting them takes longer than the table."""
        context = table_of(request, store)
        if not context["counts"].reading:
            context |= {"oob": True, **figures_of(store)}
        context["has_change_permission"] = self.has_change_permission(request, store)
        return render(request, f"{FOLDER}/files.html", context)

    # --- one file ----------------------------------------------------------------------------------------------

    def passages_view(self, request: HttpRequest, store: VectorStore, entry_pk: int) -> HttpResponseBase:
        """The passages as they were cut."""
        entry = self._entry(store, entry_pk)
        page = Paginator(entry.passages.order_by("place"), PASSAGES).get_page(_number_of_page(request))
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
            "passages": passages.shown(listed, filename=entry.file.filename, told=before.char_to if before else 0),
            "cut": entry.chunking_strategy.get("static", {}),
            "media": self.media,
        }
        return TemplateResponse(request, f"{FOLDER}/passages.html", context)

    def download_view(self, request: HttpRequest, store: VectorStore, entry_pk: int) -> HttpResponseBase:
        file = self._entry(store, entry_pk).file
        return download_response(request, file, as_attachment=True, content_type="application/octet-stream")

    def remove_view(self, request: HttpRequest, store: VectorStore, entry_pk: int) -> HttpResponseBase:
        entry = self._entry(store, entry_pk)
        staff.take_out(entry, with_file="with_file" in request.POST)
        self._note(request, store, "deleted", entry)
        return self._table(request, store)

    @staticmethod
    def _entry(store: VectorStore, entry_pk: int) -> VectorStoreFile:
        entry = store.entries.filter(pk=entry_pk).select_related("file__owner").first()
        if entry is None:
            raise Http404
        return entry

    def _note(self, request: HttpRequest, store: VectorStore, what: str, entry: VectorStoreFile) -> None:
        told = {"name": str(VectorStoreFile._meta.verbose_name), "object": entry.file.filename}
        self.log_change(request, store, [{what: told}])


def table_of(request: HttpRequest, store: VectorStore) -> dict[str, Any]:
    """What the table of files shows: of those in the state that the address names, or of all, one page."""
    counts = figures.counts(store)
    status = request.GET.get("status", "")
    entries = store.entries.select_related("file")
    if status in VectorStoreFile.Status.values:
        entries = entries.filter(status=status)
    else:
        status = ""
    page = Paginator(entries.order_by("-created_at", "-pk"), FILES).get_page(request.GET.get("p"))
    listed = list(page.object_list)
    cut = Passage.objects.filter(entry__in=listed).order_by().values_list("entry").annotate(Count("pk"))
    passages_of = dict(cut)
    labels = dict(VectorStoreFile.Status.choices)
    return {
        "original": store,
        "counts": counts,
        "states": [(value, labels[value], count) for value, count in counts.noteworthy],
        "status": status,
        "rows": [(entry, passages_of.get(entry.pk, 0)) for entry in listed],
        "page": page,
        "numbers": page.paginator.get_elided_page_range(page.number),
    }


def figures_of(store: VectorStore) -> dict[str, Any]:
    size = figures.size(store)
    return {
        "size": size,
        "cost": money(size.cost),
        "users": assistants_of([store])[store.id],
        "embedding_label": label_of(store),
    }


def _number_of_page(request: HttpRequest) -> str | int | None:
    """The one that the address names, or that has the passage that it names."""
    place = request.GET.get("passage", "")
    return int(place) // PASSAGES + 1 if place.isdecimal() else request.GET.get("p")
