"""The room of assistants."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from chat.admin.assistant_form import AssistantForm
from chat.admin.guards import Guarded
from chat.errors import ModelNotFound
from chat.models import Assistant, Audience
from chat.models.ids import new_id
from chat.models.providers import resolve


def try_address(assistant: Assistant) -> str:
    """Where a new chat with ``assistant`` begins."""
    return f"{reverse('home')}?{urlencode({'assistant': assistant.id})}"


@admin.register(Assistant)
class AssistantAdmin(Guarded):
    form = AssistantForm
    list_display = ("__str__", "model", "audience", "owner", "thread_count", "created_at", "try_it")
    list_filter = ("audience", "model", ("owner", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("owner",)
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
        usable = Assistant.objects.usable_by(request.user).filter(pk=OuterRef("pk"))  # type: ignore[arg-type]
        found: QuerySet[Assistant] = super().get_queryset(request)
        return found.annotate(thread_count=Count("threads"), usable=Exists(usable))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"owner": request.user.pk} | super().get_changeform_initial_data(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        assistant = self.get_object(request, object_id)
        address = try_address(assistant) if assistant is not None and assistant.usable else ""
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "try_address": address})

    def save_model(self, request: HttpRequest, obj: Assistant, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        try:
            resolve(obj.model)
        except ModelNotFound:
            warning = _("No model answers to the name “%(name)s” yet. Add it under Models, or an alias for it.")
            messages.warning(request, warning % {"name": obj.model})

    # --- the list ----------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("chats"), ordering="thread_count")
    def thread_count(self, assistant: Assistant) -> int:
        count: int = assistant.thread_count  # type: ignore[attr-defined]
        return count

    @admin.display(description="", empty_value="")
    def try_it(self, assistant: Assistant) -> str | None:
        if not assistant.usable:  # type: ignore[attr-defined]
            return None
        return format_html('<a href="{}">{}</a>', try_address(assistant), _("Try it"))

    @admin.display(description=gettext_lazy("functions"))
    def functions(self, assistant: Assistant) -> str:
        """What those who may only look see in place of the field."""
        return json.dumps([tool["function"] for tool in assistant.tools if tool["type"] == "function"], indent=2)

    @admin.action(description=gettext_lazy("Duplicate the selected assistants"), permissions=["add"])
    def duplicate(self, request: HttpRequest, assistants: QuerySet[Assistant]) -> None:
        """Copies belong to who makes them, and nobody else sees them until they are shared."""
        for assistant in assistants:
            original = assistant.id
            assistant.pk, assistant._state.adding = None, True
            assistant.id = new_id("asst_")
            assistant.name = (_("Copy of %(name)s") % {"name": assistant.name or original})[:256]
            assistant.owner, assistant.audience = request.user, Audience.OWNER  # type: ignore[assignment]
            assistant.save()
            self.log_addition(request, assistant, [{"added": {}}])
        told = ngettext("%(count)d assistant was duplicated.", "%(count)d assistants were duplicated.", len(assistants))
        messages.success(request, told % {"count": len(assistants)})
