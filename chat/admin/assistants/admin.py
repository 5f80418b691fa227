"""The admin of assistants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypedDict, cast

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from chat.admin.assistants import code_files, code_form, file_search_form
from chat.admin.assistants.form import AssistantForm
from chat.admin.shared.model_admin import RecentValuesFilter, StrictLookupAdmin, count_by
from chat.admin.shared.served_models import warning_for
from chat.admin.shared.store_access import is_knowledge, store_ids_in
from chat.errors import Refusal
from chat.models import Assistant, Audience, Thread, User, VectorStore
from chat.models.ids import new_id
from chat.models.resource_uses import add_uses, replace_uses
from chat.providers.tool_names import FUNCTION

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class AssistantColumns(TypedDict):
        thread_count: int
        usable: bool
        files_are_private: bool

    ListedAssistant = WithAnnotations[Assistant, AssistantColumns]


def try_address(assistant: Assistant) -> str:
    """Return the URL of a new chat with ``assistant``."""
    return f"{reverse('home')}?{urlencode({'assistant': assistant.id})}"


def chats_that_stay(assistant: Assistant) -> str:
    """Return in words how many chats use ``assistant``, for those who are about to delete it."""
    count = assistant.threads.count()
    if not count:
        return _("no chat uses it")
    words = ngettext(
        "%(count)d chat uses it and stays, its answers under this name",
        "%(count)d chats use it and stay, their answers under this name",
        count,
    )
    return words % {"count": count}


@admin.register(Assistant)
class AssistantAdmin(StrictLookupAdmin):
    form = AssistantForm
    list_display = ("__str__", "model", "audience", "owner", "thread_count", "created_at", "try_it")
    list_filter = ("audience", ("model", RecentValuesFilter), ("owner", RecentValuesFilter))
    list_select_related = ()  # the owners of the rows shown come by key: joined, PostgreSQL may read all rows of both
    search_fields = ("name", "description", "=id", "owner__username")
    autocomplete_fields = ("owner",)
    readonly_fields = ("id", "created_at")
    actions = ("duplicate",)
    fieldsets = (
        (None, {"fields": ("name", "description", "instructions", "model", "starter_prompts")}),
        (
            gettext_lazy("Who may use it"),
            {"fields": ("audience", "groups", "owner")},
        ),
        (gettext_lazy("Knowledge"), {"fields": file_search_form.FIELDS}),
        (gettext_lazy("Code"), {"fields": code_form.FIELDS}),
        (gettext_lazy("Functions"), {"fields": ("functions",)}),
        (
            gettext_lazy("Fine tuning"),
            {
                "classes": ("collapse",),
                "fields": ("temperature", "top_p", "reasoning_effort", "metadata", "id", "created_at"),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assistant]:
        usable = Assistant.objects.usable_by(cast(User, request.user)).filter(pk=OuterRef("pk"))
        assistants: QuerySet[Assistant] = super().get_queryset(request)
        return assistants.annotate(usable=Exists(usable)).prefetch_related("owner")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"owner": request.user.pk} | super().get_changeform_initial_data(request)

    def get_fieldsets(self, request: HttpRequest, obj: Assistant | None = None) -> Any:
        """Return the fieldsets; for those who may only look, with columns in place of the fields of the form."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        columns: dict[Any, Any] = {
            file_search_form.FIELDS: ("search_in_files", "knowledge"),
            code_form.FIELDS: ("runs_code", "files"),
        }
        return [(title, {**rest, "fields": columns.get(rest["fields"], rest["fields"])}) for title, rest in fieldsets]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        assistant: Any = super().get_object(request, object_id, from_field)
        if assistant is not None:
            assistant.files_are_private = code_files.are_private(request, assistant)
        return assistant

    def get_form(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        form: Any = super().get_form(request, *args, **options)
        form.request = request  # Django makes a class for each request
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **options)
        except Refusal as refusal:  # the disk is full
            messages.error(request, refusal.message)
            return HttpResponseRedirect(request.get_full_path())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        assistant = self.get_object(request, object_id)
        address = try_address(assistant) if assistant is not None and assistant.usable else ""
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "try_address": address})

    def save_model(self, request: HttpRequest, obj: Assistant, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        replace_uses(obj)
        if warning := warning_for(obj.model):
            messages.warning(request, warning)
        if code_form.has_code_interpreter(obj) and code_form.cannot_call_tools(obj.model):
            warning = _("The model “%(name)s” cannot call tools, so it will run no code.") % {"name": obj.model}
            messages.warning(request, warning)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, dict[str, int], set[str], list[str]]:
        """Return the assistants alone: Django would list each file that they use, by its id."""
        assistants = list(objs)
        names = [
            f"{capfirst(self.opts.verbose_name)}: {assistant} ({chats_that_stay(assistant)})"
            for assistant in assistants
        ]
        allowed = all(self.has_delete_permission(request, assistant) for assistant in assistants)
        forbidden = set() if allowed else {str(self.opts.verbose_name)}
        return names, {str(self.opts.verbose_name_plural): len(assistants)}, forbidden, []

    # --- columns of the list, and of the page of those who may only look ---------------------------------------

    def complete_rows(self, rows: list[Any]) -> None:
        counts = count_by("assistant", Thread.objects.filter(assistant__in=[assistant.id for assistant in rows]))
        for assistant in rows:
            assistant.thread_count = counts[assistant.id]

    @admin.display(description=gettext_lazy("chats"))
    def thread_count(self, assistant: ListedAssistant) -> int:
        return assistant.thread_count

    @admin.display(description=gettext_lazy("new chat"), empty_value="")
    def try_it(self, assistant: ListedAssistant) -> str | None:
        if not assistant.usable:
            return None
        return format_html('<a href="{}">{}</a>', try_address(assistant), _("Try it"))

    @admin.display(description=gettext_lazy("functions"))
    def functions(self, assistant: Assistant) -> str:
        return json.dumps([tool["function"] for tool in assistant.tools if tool["type"] == FUNCTION], indent=2)

    @admin.display(description=gettext_lazy("search in files"), boolean=True)
    def search_in_files(self, assistant: Assistant) -> bool:
        return file_search_form.file_search_tool(assistant) is not None

    @admin.display(description=gettext_lazy("knowledge"), empty_value="–")
    def knowledge(self, assistant: Assistant) -> str | None:
        stores = VectorStore.objects.filter(id__in=store_ids_in(assistant.tool_resources), owner=assistant.owner_id)
        return ", ".join(str(store) if is_knowledge(store) else _("private files") for store in stores) or None

    @admin.display(description=gettext_lazy("runs Python code"), boolean=True)
    def runs_code(self, assistant: Assistant) -> bool:
        return code_form.has_code_interpreter(assistant)

    @admin.display(description=gettext_lazy("files for it"), empty_value="–")
    def files(self, assistant: ListedAssistant) -> str | None:
        existing = code_files.files_of(assistant)
        if assistant.files_are_private:
            return code_files.private_files_label(existing) or None
        return ", ".join(map(code_files.file_label, existing)) or None

    @admin.action(description=gettext_lazy("Duplicate the selected assistants"), permissions=["add"])
    @transaction.atomic
    def duplicate(self, request: HttpRequest, assistants: QuerySet[Assistant]) -> None:
        """Copy them. The copies belong to the staff member, and nobody else sees them until they are shared."""
        without_files = 0
        for assistant in assistants:
            original = assistant.id
            if assistant.owner_id != request.user.pk and assistant.tool_resources:
                assistant.tool_resources = {}  # its files are its owner's
                without_files += 1
            assistant.pk, assistant._state.adding = None, True
            assistant.id = new_id("asst_")
            assistant.name = (_("Copy of %(name)s") % {"name": assistant.name or original})[:256]
            assistant.owner, assistant.audience = cast(User, request.user), Audience.OWNER
            assistant.save()
            add_uses(assistant)
            self.log_addition(request, assistant, [{"added": {}}])
        message = ngettext(
            "%(count)d assistant was duplicated.", "%(count)d assistants were duplicated.", len(assistants)
        )
        messages.success(request, message % {"count": len(assistants)})
        if without_files:
            messages.warning(request, _("Files and knowledge stay with the owner of the original: choose your own."))
