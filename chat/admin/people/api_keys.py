"""The admin of API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.forms import Field, ModelChoiceField, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from chat.actions.access import api_keys
from chat.admin.shared.model_admin import StrictLookupAdmin
from chat.admin.shared.permissions import open_accounts
from chat.errors import InvalidRequest
from chat.models import ApiKey, User

if TYPE_CHECKING:
    Form = ModelForm[ApiKey]
else:
    Form = ModelForm


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("usable", gettext_lazy("Usable")), ("revoked", gettext_lazy("Revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        states = {"usable": ApiKey.objects.usable(), "revoked": ApiKey.objects.exclude(revoked_at=None)}
        return queryset & states.get(self.value() or "", ApiKey.objects.all())


class ApiKeyForm(Form):
    def clean_owner(self) -> User:
        owner: User = self.cleaned_data["owner"]
        try:
            api_keys.check_number(owner)
        except InvalidRequest as refusal:
            raise ValidationError(refusal.message) from None
        return owner


@admin.register(ApiKey)
class ApiKeyAdmin(StrictLookupAdmin):
    """A key can be made, looked at, limited and revoked. Its secret is shown once, right after it was made."""

    form = ApiKeyForm
    list_display = ("name", "owner", "start", "requests_per_minute", "created_at", "last_used_at", "revoked_at")
    list_filter = (StateFilter, "last_used_at")
    list_select_related = ("owner",)
    search_fields = ("name", "=start", "owner__username")
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        generated = ("start", "created_at", "last_used_at", "revoked_at") if obj else ()
        return ("name", "owner", "requests_per_minute", *generated)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        """Return all but the limit for a key that exists: its owner and its name stay."""
        return tuple(name for name in self.get_fields(request, obj) if obj and name != "requests_per_minute")

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Return False for a key that is revoked, too."""
        return (obj is None or obj.revoked_at is None) and super().has_change_permission(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        key = self.get_object(request, object_id)
        may_revoke = key is not None and key.revoked_at is None and self.has_change_permission(request)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "may_revoke": may_revoke})

    def get_urls(self) -> list[Any]:
        revoke = self.admin_site.admin_view(self.revoke_view)
        return [path("<int:pk>/revoke/", revoke, name="chat_apikey_revoke"), *super().get_urls()]

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **options: Any
    ) -> ModelChoiceField[Any] | None:
        if db_field.name == "owner":
            options["queryset"] = open_accounts(request).filter(is_active=True)
            options["initial"] = request.user.pk
        field = super().formfield_for_foreignkey(db_field, request, **options)
        if field is not None and db_field.name == "owner":
            field.help_text = _("The key acts as this user: whoever has it can read and write their chats.")
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Field | None:
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None and db_field.name == "requests_per_minute":
            field.help_text = f"{field.help_text} {_('0: no limit.')}"
        return field

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=["requests_per_minute"])  # it may have been revoked or used in the meantime
            return
        secret = obj.make_secret()
        super().save_model(request, obj, form, change)
        messages.warning(
            request, _("Copy the key now, it is not shown again: %(secret)s") % {"secret": secret}, extra_tags="secret"
        )

    @admin.action(description=gettext_lazy("Revoke the selected keys"), permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        """Revoke those that are not revoked yet. They stop working at once."""
        usable = list(keys.filter(revoked_at=None))
        for key in usable:
            key.revoke()
            self.log_change(request, key, _("Revoked."))
        message = ngettext("%(count)d key was revoked.", "%(count)d keys were revoked.", len(usable))
        messages.success(request, message % {"count": len(usable)})

    @method_decorator(require_POST)
    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Revoke one key, from its page."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        self.revoke(request, ApiKey.objects.filter(pk=pk))
        return HttpResponseRedirect(reverse("admin:chat_apikey_changelist"))
