"""What a reader of a stream finds, whatever the pieces in which it says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

Found = TypeVar("Found")


def joined(items: Iterable[str | Found]) -> list[str | Found]:
    """``items`` with neighbouring texts as one."""
    result: list[str | Found] = []
    for item in items:
        if isinstance(item, str) and result and isinstance(result[-1], str):
            result[-1] += item
        else:
            result.append(item)
    return result
