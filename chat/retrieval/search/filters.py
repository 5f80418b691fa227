"""Filters over the attributes of files in stores, in the API's form (reference, section 9). The search applies them.

    {"type": "eq" | "ne" | "gt" | "gte" | "lt" | "lte" | "in" | "nin", "key": …, "value": …}
    {"type": "and" | "or", "filters": […]}

Numbers compare with numbers and strings with strings; a boolean is no number. A key that is missing is equal to nothing
and in no list, so that only ``ne`` and ``nin`` match.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

_MISSING = object()


def matches(filters: Mapping[str, Any], *, attributes: Mapping[str, Any]) -> bool:
    """Return whether ``attributes`` match ``filters``. Raise ``ValueError`` if a ``type`` is unknown."""
    kind = filters["type"]
    if group := _GROUPS.get(kind):
        return group(matches(each, attributes=attributes) for each in filters["filters"])
    if compare := _COMPARISONS.get(kind):
        return compare(attributes.get(filters["key"], _MISSING), filters["value"])
    raise ValueError(f"{kind!r} is not a type of filter")


def _same(attribute: object, value: object) -> bool:
    return _kind(attribute) is _kind(value) and attribute == value


def _among(attribute: object, values: Any) -> bool:
    return any(_same(attribute, value) for value in values)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(attribute: object, value: object) -> bool:
        return _kind(attribute) is _kind(value) and _kind(attribute) in (float, str) and compare(attribute, value)

    return compared


def _kind(value: object) -> type:
    """Return the type of values that ``value`` can be compared with."""
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


_GROUPS: Mapping[str, Callable[..., bool]] = {"and": all, "or": any}
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": _same,
    "ne": lambda attribute, value: not _same(attribute, value),
    "gt": _ordered(operator.gt),
    "gte": _ordered(operator.ge),
    "lt": _ordered(operator.lt),
    "lte": _ordered(operator.le),
    "in": _among,
    "nin": lambda attribute, values: not _among(attribute, values),
}
