"""Lists: the envelope, and cursors that stay put while rows of one second come and go (reference, section 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from django.db.models import Q, QuerySet
from pydantic import Field

from chat.api.queries import Asked
from chat.errors import InvalidRequest
from chat.models.ids import PublicObject
from chat.models.shapes import ListObject

Row = TypeVar("Row", bound=PublicObject)
Shown = TypeVar("Shown", bound=Mapping[str, Any])


class Listing(Asked):
    """The query of a list. ``after`` and ``before`` are ids of objects of the list, exclusive."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None
    before: str | None = None


def page(rows: QuerySet[Row], query: Listing, *, show: Callable[[Row], Shown]) -> ListObject[Shown]:
    """One page of ``rows`` by ``created_at``, of one second in the order in which they were made.

    With ``before``, the page that ends just before that object. Raises ``InvalidRequest`` for a cursor that is not in
    the list.
    """
    ascending = query.order == "asc"
    wanted = rows
    if query.after:
        wanted = wanted.filter(_beyond(rows, query.after, param="after", later=ascending))
    if query.before:
        wanted = wanted.filter(_beyond(rows, query.before, param="before", later=not ascending))
    backwards = bool(query.before) and not query.after
    sign = "" if ascending != backwards else "-"
    found = list(wanted.order_by(f"{sign}created_at", f"{sign}number")[: query.limit + 1])
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


def _beyond(rows: QuerySet[Any], id: str, *, param: str, later: bool) -> Q:
    """Rows that were made later, or earlier, than the row ``id``."""
    place = rows.filter(id=id).values_list("created_at", "number").first()
    if place is None:
        raise InvalidRequest(f"Invalid '{param}': this list has no object with id '{id}'.", param=param)
    created_at, number = place
    if later:
        return Q(created_at__gt=created_at) | Q(created_at=created_at, number__gt=number)
    return Q(created_at__lt=created_at) | Q(created_at=created_at, number__lt=number)
