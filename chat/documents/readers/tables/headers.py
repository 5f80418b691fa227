"""Which rows of a table are its header: guessed from their shape, since neither sheets nor CSV files say it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, zip_longest
from typing import NamedTuple

Row = Sequence[str]

_MOST_LEVELS = 3
_MOSTLY = 0.8
_WIDEST_STEP = 10
"""Years between columns that are named by years."""

_YEAR = re.compile(r"(19|20)\d\d")
_DATE = re.compile(
    r"\d{4}-\d{1,2}(-\d{1,2})?|\d{1,2}(?P<mark>[./-])\d{1,2}(?P=mark)\d{2,4}|\d{1,2}[ .-]+[^\W\d]{3,}[ .-]+\d{2,4}"
)
_VALUE = re.compile(
    r"""
    TRUE | FALSE | \#[A-Z0-9/]+[!?]? | [-–—]
  | [-+(]? [^\w\s]? \s? ([A-Z]{3}\s)? [-+]?            # a sign, a currency
    \d[\d.,:/'’\s-]* (E[-+]\d+)?
    \s? (?!st|nd|rd|th) [^\W\d]{0,4} [.%‰€$£¥°]? C? \)?  # a unit
    """,
    re.VERBOSE,
)


class Header(NamedTuple):
    """A header: its first row, the row after its last one, and the name of each column."""

    start: int
    end: int
    names: Sequence[str]


def usual_width(rows: Sequence[Row]) -> int:
    """Return how many cells most rows fill, of those that fill at least two; 0 if none does."""
    counts = Counter(width for width in map(_width, rows) if width >= 2)
    return max(counts, key=lambda width: (counts[width], -width), default=0)


def find_header(rows: Sequence[Row], *, earlier: Sequence[str], below: int) -> Header | None:
    """Return the header of the table that begins with ``rows``; None if it has none.

    It is the first row as wide as most, or a cell narrower, as with an empty corner; with the rows above or under it
    if the upper ones name groups of columns. ``earlier`` are the column names of the table before, which may go on
    behind a blank row; ``below`` is the usual width of the table that comes next, if it is known: pairs of names and
    values often precede a table.
    """
    usual = usual_width(rows)
    at = next((at for at, row in enumerate(rows) if _is_wide(row, usual)), None)
    if at is None:
        return None
    start, end = _levels(rows, at)
    names, body = _joined(rows[start:end]), rows[end:]
    is_grouped = end - start > 1
    if not body or not (is_grouped or _names_columns(rows[at], body)) or _are_pairs(rows[at:], below):
        return None
    is_certain = is_grouped or any(name and _are_mostly_values(_column(body, at)) for at, name in enumerate(names))
    if below > usual and not is_certain:
        return None
    is_another = start > 0 or len(names) != len(earlier) or (is_certain and len(set(names)) == len(names))
    return Header(start, end, names) if not earlier or is_another or names == earlier else None


def _width(row: Row) -> int:
    return sum(map(bool, row))


def _is_wide(row: Row, usual: int) -> bool:
    width = _width(row)
    return width >= 2 and (width >= usual or (width == usual - 1 and (width > 2 or not row[0])))


def _levels(rows: Sequence[Row], at: int) -> tuple[int, int]:
    """Return which rows are the header that has the row ``at``: the first, and the one after the last."""
    start, end = at, at + 1
    while start > 0 and end - start < _MOST_LEVELS and _groups(rows[start - 1], rows[start]):
        start -= 1
    while end < len(rows) and end - start < _MOST_LEVELS and _groups(rows[end - 1], rows[end]):
        end += 1
    return start, end


def _groups(upper: Row, lower: Row) -> bool:
    """Return whether ``upper`` names groups of the columns that ``lower`` names."""
    if upper[0] and lower[0] and upper[0] != lower[0]:
        return False
    if any(_is_value(cell) and not _YEAR.fullmatch(cell) for cell in lower):
        return False
    columns = list(zip(_filled(upper, lower), lower, strict=False))[1:]
    return any(
        group and group == beside and name and nearby and name != nearby
        for (group, name), (beside, nearby) in pairwise(columns)
    )


def _filled(upper: Row, lower: Row) -> list[str]:
    """Return ``upper`` with the names of its groups in each column that ``lower`` names."""
    filled: list[str] = []
    for at, (group, name) in enumerate(zip_longest(upper, lower, fillvalue="")):
        filled.append(filled[-1] if at > 1 and name and not group else group)
    return filled


def _joined(levels: Sequence[Row]) -> list[str]:
    """Return the names of the columns, those of all levels, without repetitions."""
    filled = [_filled(upper, lower) for upper, lower in pairwise(levels)]
    columns = zip_longest(*filled, levels[-1], fillvalue="")
    return [" ".join(dict.fromkeys(filter(None, column))) for column in columns]


def _names_columns(row: Row, body: Sequence[Row]) -> bool:
    """Return whether the cells of ``row`` are words; or years, dates or numbers in order, other than those below."""
    values = {at: cell for at, cell in enumerate(row) if _is_value(cell)}
    cells = list(values.values())
    if not cells:
        return True
    below = [cell for at in values for cell in _column(body, at)]
    kind = next((kind for kind in (_YEAR, _DATE) if all(map(kind.fullmatch, cells))), None)
    if kind is None:
        return (
            len(cells) > 2
            and cells[0] in ("0", "1")
            and _is_series(cells, 1)
            and not _is_series(below[:: len(body)], 1)
        )
    if len(cells) == 1 and (0 in values or not any(map(_is_value, below))):
        return False
    is_same_below = sum(map(bool, map(kind.fullmatch, below))) > len(below) / 2
    return not is_same_below and (kind is _DATE or _is_series(cells, _WIDEST_STEP))


def _is_series(cells: Sequence[str], widest: int) -> bool:
    """Return whether whole numbers follow one another in equal steps, none wider than ``widest``."""
    if not all(cell.isdecimal() for cell in cells):
        return False
    steps = {int(after) - int(before) for before, after in pairwise(cells)}
    return len(steps) <= 1 and all(0 < abs(step) <= widest for step in steps)


def _are_pairs(rows: Sequence[Row], below: int) -> bool:
    """Return whether two columns are names and their values, as in a form, and no table with a header."""
    if max(map(_width, rows)) > 2 or len(rows[0]) < 2:
        return False
    second = _column(rows[1:], 1)
    count = sum(map(_is_value, second))
    is_mixed = (1 - _MOSTLY) * len(second) < count < _MOSTLY * len(second) and not _is_value(rows[0][1])
    has_numbers = 1 < len(second) == count and not any(map(_DATE.fullmatch, second))
    return (below > 2 and not has_numbers) or is_mixed or any(row[0].endswith(":") for row in rows)


def _column(rows: Sequence[Row], at: int) -> list[str]:
    return [row[at] for row in rows if len(row) > at and row[at]]


def _are_mostly_values(cells: Sequence[str]) -> bool:
    return bool(cells) and sum(map(_is_value, cells)) >= _MOSTLY * len(cells)


def _is_value(cell: str) -> bool:
    """Return whether a cell is a number with or without a unit, a date, a truth or an error."""
    return bool(_VALUE.fullmatch(cell) or _DATE.fullmatch(cell))
