"""Pages of lists, with cursors that stay put while rows of one second come and go (reference, section 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

from django.db.models import Model, Q, QuerySet
from pydantic import Field

from chat.api.http.parser import QueryParams
from chat.errors import InvalidRequest
from chat.models.api_objects.shapes import ListObject
from chat.models.deleted_places import place_of_deleted

Row = TypeVar("Row", bound=Model)
Serialized = TypeVar("Serialized", bound=Mapping[str, Any])


class ListQuery(QueryParams):
    """The query string of a list. ``after`` and ``before`` are ids of objects of the list, exclusive."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None
    before: str | None = None


class Page(NamedTuple, Generic[Row]):
    rows: list[Row]
    has_more: bool


def paginate(
    rows: QuerySet[Row], query: ListQuery, *, serialize: Callable[[Row], Serialized], **options: Any
) -> ListObject[Serialized]:
    """Return the page that ``page_of`` finds, each row as ``serialize`` shows it."""
    page = page_of(rows, query, **options)
    return list_object([serialize(row) for row in page.rows], has_more=page.has_more)


def page_of(
    rows: QuerySet[Row],
    query: ListQuery,
    *,
    key: str = "id",
    cursor_rows: QuerySet[Row] | None = None,
    scope: object = None,
) -> Page[Row]:
    """Return one page of ``rows`` by ``created_at``; within one second, in the order of their creation.

    With ``before``, it is the page that ends just before that object. ``key`` is the column of the ids that clients
    know. A cursor may be any of ``cursor_rows``, for lists that objects may leave while clients walk them, or an object
    that was deleted from the list of ``scope`` within a day. Raise ``InvalidRequest`` for any other.
    """
    ascending = query.order == "asc"
    cursors = rows if cursor_rows is None else cursor_rows
    if query.after:
        cursor = cursors.filter(**{key: query.after})
        rows = rows.filter(_rows_beyond(cursor, query.after, param="after", later=ascending, scope=scope))
    if query.before:
        cursor = cursors.filter(**{key: query.before})
        rows = rows.filter(_rows_beyond(cursor, query.before, param="before", later=not ascending, scope=scope))
    backwards = bool(query.before) and not query.after
    sign = "" if ascending != backwards else "-"
    # One more than asked for tells whether there are more.
    page = list(rows.order_by(f"{sign}created_at", f"{sign}pk")[: query.limit + 1])
    has_more = len(page) > query.limit
    page = page[: query.limit]
    if backwards:
        page.reverse()
    return Page(page, has_more)


def list_object(data: list[Serialized], *, has_more: bool = False) -> ListObject[Serialized]:
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": has_more,
    }


def _rows_beyond(cursor: QuerySet[Any], id: str, *, param: str, later: bool, scope: object) -> Q:
    """Return the filter of rows created later, or earlier, than the row of ``cursor``. Raise ``InvalidRequest``."""
    place = cursor.values_list("created_at", "pk").first()
    if place is None and scope is not None:
        place = place_of_deleted(cursor.model, scope, id)
    if place is None:
        raise InvalidRequest(f"Invalid '{param}': this list has no object with id '{id}'.", param=param)
    created_at, number = place
    if later:
        return Q(created_at__gt=created_at) | Q(created_at=created_at, pk__gt=number)
    return Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=number)
