"""The room of people: API keys."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from chat.admin.guards import Guarded, may_read_all
from chat.models import ApiKey, User


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("usable", gettext_lazy("Usable")), ("revoked", gettext_lazy("Revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        states = {"usable": ApiKey.objects.usable(), "revoked": ApiKey.objects.exclude(revoked_at=None)}
        return queryset & states.get(self.value() or "", ApiKey.objects.all())


@admin.register(ApiKey)
class ApiKeyAdmin(Guarded):
    """A key can be made, looked at and revoked. Its secret is shown once, right after it was made."""

    list_display = ("name", "owner", "start", "created_at", "last_used_at", "revoked_at")
    list_filter = (StateFilter, "last_used_at")
    list_select_related = ("owner",)
    search_fields = ("name", "=start", "owner__username")
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        made = ("start", "created_at", "last_used_at", "revoked_at") if obj else ()
        return ("name", "owner", *made)

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Keys are revoked, which is a change, but nothing in a key can be edited."""
        return obj is None and super().has_change_permission(request)

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
            options["queryset"] = acting_for(request)
            options["initial"] = request.user.pk
        field = super().formfield_for_foreignkey(db_field, request, **options)
        if field is not None and db_field.name == "owner":
            field.help_text = _("The key acts as this user: whoever has it can read and write their chats.")
        return field

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        secret = obj.make_secret()
        super().save_model(request, obj, form, change)
        messages.warning(
            request, _("Copy the key now, it is not shown again: %(secret)s") % {"secret": secret}, extra_tags="secret"
        )

    @admin.action(description=gettext_lazy("Revoke the selected keys"), permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        """They stop working at once."""
        usable = list(keys.filter(revoked_at=None))
        for key in usable:
            key.revoke()
            self.log_change(request, key, _("Revoked."))
        told = ngettext("%(count)d key was revoked.", "%(count)d keys were revoked.", len(usable))
        messages.success(request, told % {"count": len(usable)})

    @method_decorator(require_POST)
    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The same from the page of one key."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        self.revoke(request, ApiKey.objects.filter(pk=pk))
        return HttpResponseRedirect(reverse("admin:chat_apikey_changelist"))


def acting_for(request: HttpRequest) -> QuerySet[User]:
    """For whom a staff member may make a key. A key opens its owner's chats, so making one for somebody else needs the
    permission to read them, and a key of a superuser a superuser.
    """
    users = User.objects.filter(is_active=True)
    if request.user.is_superuser:
        return users
    if may_read_all(request):
        return users.filter(is_superuser=False)
    return users.filter(username=request.user.get_username())
