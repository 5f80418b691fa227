"""The admin of users."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserCreationForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters

from chat.admin.shared.model_admin import StrictLookupAdmin
from chat.admin.shared.permissions import open_accounts
from chat.models import ApiKey, Assistant, File, Message, Run, Thread, User, VectorStore
from chat.models.assistants import Audience

PRIVILEGE_FIELDS = ("is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class UserAdmin(StrictLookupAdmin, DjangoUserAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """Only superusers grant privileges or change other staff, or else whoever may change users could gain them all.

    The password and the mail address, to which a new password can be sent, are for those who may act as the user.
    """

    list_display = ("username", "full_name", "email", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    actions = ("deactivate",)
    add_form = UserCreationForm
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("username", "email", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fixed: tuple[str, ...] = ("last_login", "date_joined")
        if not request.user.is_superuser:
            fixed += PRIVILEGE_FIELDS
        if obj is not None and not self._may_act_as(request, obj):
            fixed += ("email",)
        return fixed

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self._may_act_as(request, obj):
            return fieldsets
        return [
            (title, {**options, "fields": tuple(name for name in options["fields"] if name != "password")})
            for title, options in fieldsets
        ]

    @method_decorator(sensitive_post_parameters())
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        user = self.get_object(request, unquote(id))
        if user is not None and not self._may_act_as(request, user):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    @staticmethod
    def _may_act_as(request: HttpRequest, user: User) -> bool:
        return open_accounts(request).filter(pk=user.pk).exists()

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_edit(request, obj)

    @staticmethod
    def _may_edit(request: HttpRequest, user: User | None) -> bool:
        if user is None or request.user.is_superuser or user.pk == request.user.pk:
            return True
        return not (user.is_staff or user.is_superuser)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, dict[str, int], set[str], list[str]]:
        """Return what is deleted with them as counts: Django would list every thread and message by its words."""
        users = list(objs)
        deleted_rows: list[QuerySet[Any]] = [
            User.objects.filter(pk__in=[user.pk for user in users]),
            Assistant.objects.filter(owner__in=users),
            Thread.objects.filter(owner__in=users),
            Message.objects.filter(thread__owner__in=users),
            Run.objects.filter(thread__owner__in=users),
            File.objects.filter(owner__in=users),
            VectorStore.objects.filter(owner__in=users),
            ApiKey.objects.filter(owner__in=users),
        ]
        counts = {str(rows.model._meta.verbose_name_plural): count for rows in deleted_rows if (count := rows.count())}
        shared = Assistant.objects.filter(owner__in=users).exclude(audience=Audience.OWNER)
        names = [user.get_username() for user in users]
        names += [_("the assistant “%(name)s”, which others use too") % {"name": assistant} for assistant in shared]
        allowed = all(self.has_delete_permission(request, user) for user in users)
        return names, counts, set() if allowed else {str(User._meta.verbose_name)}, []

    @admin.display(description=gettext_lazy("name"), ordering="last_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.action(description=gettext_lazy("Deactivate the selected users"), permissions=["change"])
    def deactivate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Sign them out everywhere and have their keys stop working; what they own stays."""
        count = 0
        for user in users.filter(is_active=True).exclude(username=request.user.get_username()):
            if self.has_change_permission(request, user):
                user.is_active = False
                # Saved one by one: a signal on each closes its sockets.
                user.save(update_fields=["is_active"])
                self.log_change(request, user, [{"changed": {"fields": ["active"]}}])
                count += 1
        message = ngettext("%(count)d user was deactivated.", "%(count)d users were deactivated.", count)
        messages.success(request, message % {"count": count})
