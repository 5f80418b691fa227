"""Lists: the envelope, and cursors that stay put while rows of one second come and go (reference, section 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from django.db.models import Model, Q, QuerySet
from pydantic import Field

from chat.api.http.query_params import Asked
from chat.errors import InvalidRequest
from chat.models.shapes import ListObject

Row = TypeVar("Row", bound=Model)
Shown = TypeVar("Shown", bound=Mapping[str, Any])


class Listing(Asked):
    """The query of a list. ``after`` and ``before`` are ids of objects of the list, exclusive."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None
    before: str | None = None


def page(
    rows: QuerySet[Row],
    query: Listing,
    *,
    show: Callable[[Row], Shown],
    key: str = "id",
    among: QuerySet[Row] | None = None,
) -> ListObject[Shown]:
    """One page of ``rows`` by ``created_at``, of one second in the order in which they were made.

    ``key`` is the column with the ids that are shown. A cursor may be any of ``among``, where an object may leave
    ``rows`` while they are walked. With ``before``, the page that ends just before that object. Raises
    ``InvalidRequest`` for a cursor that is not in the list.
    """
    ascending = query.order == "asc"
    wanted, cursors = rows, rows if among is None else among
    if query.after:
        cursor = cursors.filter(**{key: query.after})
        wanted = wanted.filter(_beyond(cursor, query.after, param="after", later=ascending))
    if query.before:
        cursor = cursors.filter(**{key: query.before})
        wanted = wanted.filter(_beyond(cursor, query.before, param="before", later=not ascending))
    backwards = bool(query.before) and not query.after
    sign = "" if ascending != backwards else "-"
    found = list(wanted.order_by(f"{sign}created_at", f"{sign}pk")[: query.limit + 1])
    has_more = len(found) > query.limit
    found = found[: query.limit]
    if backwards:
        found.reverse()
    return envelope([show(row) for row in found], has_more=has_more)


def envelope(data: list[Shown], *, has_more: bool = False) -> ListObject[Shown]:
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": has_more,
    }


def _beyond(cursor: QuerySet[Any], id: str, *, param: str, later: bool) -> Q:
    """Rows that were made later, or earlier, than the row ``cursor``, whose id was given."""
    place = cursor.values_list("created_at", "pk").first()
    if place is None:
        raise InvalidRequest(f"Invalid '{param}': this list has no object with id '{id}'.", param=param)
    created_at, number = place
    if later:
        return Q(created_at__gt=created_at) | Q(created_at=created_at, pk__gt=number)
    return Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=number)
