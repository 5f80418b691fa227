"""Tables as text that can be cut anywhere: each row names its columns. The readers of sheets and CSV call it.

name: Ada | born: 1815 | field: mathematics
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from chat.documents.sections import Section

_ROWS = 200
"""Rows in a section."""

_LOOKED_AT = 20
"""Rows from the top among which a header is looked for: sheets often begin with a title and a date."""

_MARKS = str.maketrans("", "", " .,:%+-/()€$£")


def table_sections(rows: Iterable[Sequence[str]], *, page: int | None = None, heading: str = "") -> Iterator[Section]:
    """Yield ``rows`` of cells as sections. The header is the first row of at least two cells, all of them words."""
    remaining = iter(rows)
    top = list(islice(remaining, _LOOKED_AT))
    at = next((number for number, row in enumerate(top) if _is_header(row)), None)
    if at is None:
        lines: Iterator[str] = (" | ".join(filter(None, row)) for row in chain(top, remaining))
    else:
        names = [f"{name}: " if name else "" for name in top[at]]
        below = chain(top[at + 1 :], remaining)
        lines = chain((" | ".join(filter(None, row)) for row in top[:at]), _records(names, below))
    while block := list(islice(lines, _ROWS)):
        yield Section(page, heading, "".join([f"{_one_line(line)}\n" for line in block if line]))


def _records(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        named = names if len(row) <= len(names) else [*names, *[""] * (len(row) - len(names))]
        yield " | ".join([name + cell for name, cell in zip(named, row, strict=False) if cell])


def _is_header(row: Sequence[str]) -> bool:
    filled = [cell for cell in row if cell]
    return len(filled) >= 2 and not any(cell.translate(_MARKS).isdecimal() for cell in filled)


def _one_line(text: str) -> str:
    return text if text.isprintable() else " ".join(text.split())
