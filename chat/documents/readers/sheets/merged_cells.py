"""Merged cells, whose text is kept in the first of them only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

NumberedRow = tuple[int, list[str]]
"""The number of a row of a sheet, from 1, and its cells from the first column on."""

_MOST_REPEATED = 256
"""Columns into which a text is repeated."""


class Range(NamedTuple):
    """Merged cells: rows from 1, columns from 0, the last ones included."""

    row: int
    column: int
    last_row: int
    last_column: int


def repeat_merged(rows: Iterable[NumberedRow], ranges: Iterable[Range]) -> Iterator[NumberedRow]:
    """Yield ``rows`` with the text of merged cells in each of them; a title that goes over a table stays alone."""
    starting = sorted(ranges, reverse=True)
    if not starting:
        yield from rows
        return
    going_on: list[tuple[Range, str]] = []
    end: NumberedRow = (0, [])
    for (number, cells), (_, below) in pairwise(chain(rows, [end])):
        going_on = [each for each in going_on if each[0].last_row >= number]
        own = list(cells)
        while starting and starting[-1].row <= number:
            merged = starting.pop()
            text = own[merged.column] if merged.row == number and merged.column < len(own) else ""
            if text and not _is_title(merged, own, below):
                going_on.append((merged, text))
        for merged, text in going_on:
            _fill(cells, merged, text)
        yield number, cells


def _is_title(merged: Range, cells: Sequence[str], below: Sequence[str]) -> bool:
    """Return whether a row has no other text, and the row ``below`` none to the left that it could be a part of."""
    return sum(map(bool, cells)) == 1 and merged.last_column > merged.column and not any(below[: merged.column])


def _fill(cells: list[str], merged: Range, text: str) -> None:
    last = min(merged.last_column, merged.column + _MOST_REPEATED - 1)
    cells += [""] * (last + 1 - len(cells))
    for column in range(merged.column, last + 1):
        cells[column] = cells[column] or text
