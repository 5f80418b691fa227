"""The admin of models, and of aliases of their names."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from chat.admin.shared.model_admin import StrictLookupAdmin
from chat.admin.shared.served_models import warning_for
from chat.models import Alias, Model


@admin.register(Model)
class ModelAdmin(StrictLookupAdmin):
    list_display = ("name", "provider", "enabled", "context_window", "max_output", "vision", "tool_use", "prices")
    list_filter = ("provider", "enabled", "vision", "tool_use")
    list_select_related = ("provider",)
    search_fields = ("name", "upstream_name", "provider__name")
    fieldsets = (
        (None, {"fields": ("name", "provider", "upstream_name", "enabled")}),
        (gettext_lazy("What it can do"), {"fields": ("context_window", "max_output", "vision", "tool_use")}),
        (
            gettext_lazy("What it costs"),
            {
                "fields": ("input_price", "output_price"),
                "description": gettext_lazy("In the currency of your choice; the pages of runs show what each cost."),
            },
        ),
    )

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.enabled and obj.provider.enabled and (warning := warning_for(obj.name)):
            messages.warning(request, warning)

    @admin.display(description=gettext_lazy("price in / out"), empty_value="–")
    def prices(self, model: Model) -> str | None:
        if model.input_price is None and model.output_price is None:
            return None
        prices = (model.input_price, model.output_price)
        return " / ".join("–" if price is None else f"{price.normalize():f}" for price in prices)


@admin.register(Alias)
class AliasAdmin(StrictLookupAdmin):
    list_display = ("pattern", "model", "provider")
    list_filter = (("model", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("model__provider",)
    search_fields = ("pattern", "model__name")
    autocomplete_fields = ("model",)

    @admin.display(description=gettext_lazy("provider"), ordering="model__provider__name")
    def provider(self, alias: Alias) -> str:
        return str(alias.model.provider)
