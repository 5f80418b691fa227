"""Tables as text that can be cut anywhere: each row names its columns. The readers of tables of all kinds call it.

name: Ada | born: 1815 | field: mathematics
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise

from chat.documents.sections import Section

_ROWS = 200
"""Rows in a section."""

_LOOKED_AT = 20
"""Rows from the top among which a header is looked for: sheets often begin with a title and a date."""

_WHOLE_CHARACTERS = 1000
"""The cells of a table that is rarely cut: about 300 tokens."""

_YEAR = re.compile("(19|20)[0-9]{2}")
_MARKS = str.maketrans("", "", " .,:%+-/()€$£")


def table_sections(rows: Iterable[Sequence[str]], *, page: int | None = None, heading: str = "") -> Iterator[Section]:
    """Yield ``rows`` of cells as sections. The header is the first row as wide as most, if it has words or years."""
    lines = _table_lines(rows)
    while block := list(islice(lines, _ROWS)):
        yield Section(page, heading, "".join([f"{_one_line(line)}\n" for line in block if line]))


def _table_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Return the lines of a table; those below its header, if it has one, name their columns."""
    remaining = iter(rows)
    top = list(islice(remaining, _LOOKED_AT))
    at = _header_place(top)
    if at is None:
        return (" | ".join(filter(None, row)) for row in chain(top, remaining))
    names = [f"{name}: " if name else "" for name in top[at]]
    below = chain(top[at + 1 :], remaining)
    return chain((" | ".join(filter(None, row)) for row in top[:at]), _records(names, below))


def _records(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        named = names if len(row) <= len(names) else [*names, *[""] * (len(row) - len(names))]
        yield " | ".join([name + cell for name, cell in zip(named, row, strict=False) if cell])


def _header_place(top: Sequence[Sequence[str]]) -> int | None:
    """Return the place of the header among the ``top`` rows; None if there is none.

    What comes before the table, such as a title, is narrower. The corner of a header may be empty.
    """
    widths = [sum(map(bool, row)) for row in top]
    counts = Counter(width for width in widths if width >= 2)
    usual = max(counts, key=lambda width: (counts[width], -width), default=0)
    for at, (row, width) in enumerate(zip(top, widths, strict=True)):
        if width >= 2 and (width >= usual or (width == usual - 1 and not row[0])):
            return at if _is_header(row) and at + 1 < len(top) else None
    return None


def _is_header(row: Sequence[str]) -> bool:
    """Return whether the cells of a row are words, or years that follow one another."""
    numbers = [cell for cell in row if cell.translate(_MARKS).isdecimal()]
    if not numbers:
        return True
    years = [int(cell) for cell in numbers if _YEAR.fullmatch(cell)]
    in_order = all(after - before == 1 for before, after in pairwise(years))
    return len(years) == len(numbers) >= 2 and in_order


def _one_line(text: str) -> str:
    return text if text.isprintable() else " ".join(text.split())


def table_text(rows: Sequence[Sequence[str]]) -> str:
    """Return a table of a document as ``cell | cell`` lines; each row of a long one names its columns."""
    is_long = sum(map(len, chain.from_iterable(rows))) > _WHOLE_CHARACTERS
    lines = _table_lines(rows) if is_long else map(" | ".join, rows)
    return "\n".join(line for line in lines if line.strip(" |"))
