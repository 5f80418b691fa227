"""The ``ModelAdmin`` classes that those of Everthread's models build on.

Django lets a URL filter a list by any column (``?title__startswith=a``), and whoever counts the rows that come back can
read a column letter by letter. Here a URL filters only by what the list itself offers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_last_value_from_parameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    AnyPaginator = Paginator[Any]
else:
    ModelAdmin = admin.ModelAdmin
    AnyPaginator = Paginator

MOST_ROWS = 1000  # of a list, on all its pages
NEWEST_ROWS = 200  # in which filters look for values
MAX_KEY_DIGITS = 18  # more may not fit into a column
# What Django's own filters append to the name of their column.
FILTER_LOOKUPS = {"", "exact", "id__exact", "isnull", "gte", "lt"}


class BoundedPaginator(AnyPaginator):
    """A paginator that counts up to ``MOST_ROWS`` rows and ends there: what follows is for search and filters."""

    @cached_property
    def count(self) -> int:
        return min(self._counted, MOST_ROWS)

    @property
    def has_more(self) -> bool:
        """Whether there are rows that no page shows."""
        return self._counted > MOST_ROWS

    @cached_property
    def _counted(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by().values("pk")[: MOST_ROWS + 1].count()


class RecentValuesFilter(admin.FieldListFilter):
    """A filter by the values of a column that the newest rows have: to know all of them, all rows would be read."""

    def __init__(self, field: Any, request: HttpRequest, params: dict[str, Any], *model: Any, field_path: str) -> None:
        self.parameter = f"{field_path}__id__exact" if field.is_relation else field_path
        self.chosen = get_last_value_from_parameters(params, self.parameter)
        _model, model_admin = model
        super().__init__(field, request, params, _model, model_admin, field_path)
        newest = model_admin.get_queryset(request).order_by("-pk").values_list(field_path, flat=True)[:NEWEST_ROWS]
        names = {value: str(value) for value in newest if value not in {None, ""}}
        if field.is_relation:
            rows = field.related_model.objects.in_bulk(names, field_name=field.target_field.name)
            names.update((value, str(row)) for value, row in rows.items())
        self.values = sorted((name, str(value)) for value, name in names.items())

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter]

    def has_output(self) -> bool:
        return len(self.values) > 1 or self.chosen is not None

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        yield {
            "selected": self.chosen is None,
            "query_string": changelist.get_query_string(remove=[self.parameter]),
            "display": gettext_lazy("All"),
        }
        for name, value in self.values:
            yield {
                "selected": self.chosen == value,
                "query_string": changelist.get_query_string({self.parameter: value}),
                "display": name,
            }


class StrictLookupAdmin(ModelAdmin):
    """An admin whose list can be filtered only by what ``list_filter`` offers, and costs as much as it shows."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count all rows, once for each choice of each filter

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        offered = [entry if isinstance(entry, str) else _filter_parameter(entry) for entry in self.list_filter]
        return any(
            lookup.startswith(name) and lookup[len(name) :].removeprefix("__") in FILTER_LOOKUPS for name in offered
        )

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        try:
            changelist = super().get_changelist_instance(request)
            changelist.result_list = list(changelist.result_list)
        except OverflowError:  # a filter by a number that no column holds
            raise IncorrectLookupParameters from None
        self.complete_rows(changelist.result_list)
        return changelist

    def complete_rows(self, rows: list[Any]) -> None:
        """Give the ``rows`` of one page of the list what its columns show of other tables."""

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


def count_by(column: str, rows: QuerySet[Any]) -> Counter[Any]:
    """Return how many ``rows`` have each value of ``column``."""
    return Counter(dict(rows.order_by().values_list(column).annotate(Count("pk"))))


class ReadOnlyAdmin(StrictLookupAdmin):
    """An admin whose pages show rows and change nothing."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
