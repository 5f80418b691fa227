"""The ``ModelAdmin`` classes that those of Everthread's models build on.

Django lets a URL filter a list by any column (``?title__startswith=a``), and whoever counts the rows that come back can
read a column letter by letter. Here a URL filters only by what the list itself offers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

MAX_KEY_DIGITS = 18  # more may not fit into a column
# What Django's own filters append to the name of their column.
FILTER_LOOKUPS = {"", "exact", "id__exact", "isnull", "gte", "lt"}


class StrictLookupAdmin(ModelAdmin):
    """An admin whose list can be filtered only by what ``list_filter`` offers."""

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        offered = [entry if isinstance(entry, str) else _filter_parameter(entry) for entry in self.list_filter]
        return any(
            lookup.startswith(name) and lookup[len(name) :].removeprefix("__") in FILTER_LOOKUPS for name in offered
        )

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        try:
            return super().get_changelist_instance(request)
        except OverflowError:  # a filter by a number that no column holds
            raise IncorrectLookupParameters from None

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the address of the form suggests, but for keys of rows that cannot be."""
        relations = {field.name for field in self.opts.get_fields() if field.is_relation}
        suggested = super().get_changeform_initial_data(request)
        return {name: value for name, value in suggested.items() if name not in relations or _are_keys(value)}


def _are_keys(value: Any) -> bool:
    keys = value if isinstance(value, list) else [value]
    return all(str(key).isdecimal() and len(str(key)) <= MAX_KEY_DIGITS for key in keys)


def _filter_parameter(entry: Any) -> str:
    """Return the column of a filter ``(column, class)``, or the parameter of one that is a class."""
    return str(entry[0] if isinstance(entry, tuple) else entry.parameter_name)


class ReadOnlyAdmin(StrictLookupAdmin):
    """An admin whose pages show rows and change nothing."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
