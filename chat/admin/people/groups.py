"""The admin of groups: nobody gives others through a group what they may not do themselves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from django.http import HttpRequest

from chat.admin.shared.model_admin import StrictLookupAdmin

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(StrictLookupAdmin, DjangoGroupAdmin):
    """Staff who are no superusers change groups that have no right which they lack, and add none of these."""

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or has_all_rights(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or has_all_rights(request, obj))

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest | None = None, **options: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **options)
        if field is not None and request is not None and db_field.name == "permissions":
            field.queryset = own_permissions(request).select_related("content_type")
        return field


def has_all_rights(request: HttpRequest, group: Group) -> bool:
    """Return whether the staff member has every right of the group."""
    return not group.permissions.exclude(pk__in=own_permissions(request)).exists()


def own_permissions(request: HttpRequest) -> QuerySet[Permission]:
    """Return the rights of the staff member: their own, and those of their groups."""
    permissions = Permission.objects.all()
    if request.user.is_superuser:
        return permissions
    return permissions.filter(user=request.user.pk) | permissions.filter(group__user=request.user.pk)
