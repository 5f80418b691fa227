"""The columns of a long table in Markdown, which may be cut into passages anywhere: each cell names its own."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from itertools import chain, zip_longest

Shown = tuple[str, bool]
"""A line, and whether it is code."""

_DELIMITERS = re.compile(r"[ \t]*\|?([ \t]*:?-+:?[ \t]*\|)*[ \t]*(:?-+:?)?[ \t]*\n?")
_BAR = re.compile(r"(?<!\\)\|")
_WHOLE_CHARACTERS = 1000
"""A table that is rarely cut: about 300 tokens."""


def name_columns(lines: Iterable[Shown]) -> Iterator[Shown]:
    """Yield ``lines``, and instead of a long table its rows, in which each cell has the name of its column."""
    remaining = iter(lines)
    line = next(remaining, None)
    while line is not None:
        following = next(remaining, None)
        if following is not None and _is_table(line, following):
            following = yield from _table(line, following, remaining)
        else:
            yield line
        line = following


def _is_table(line: Shown, following: Shown) -> bool:
    bars = all("|" in text and not is_code for text, is_code in (line, following))
    return bars and _DELIMITERS.fullmatch(following[0]) is not None


def _table(header: Shown, delimiters: Shown, remaining: Iterator[Shown]) -> Generator[Shown, None, Shown | None]:
    """Yield a table, and return the line after it, None at the end."""
    rows: list[Shown] = []
    line = next(remaining, None)
    while line is not None and _is_row(line) and sum(len(text) for text, _ in rows) <= _WHOLE_CHARACTERS:
        rows.append(line)
        line = next(remaining, None)
    if line is None or not _is_row(line):
        yield from (header, delimiters, *rows)
        return line
    names = _cells(header[0])
    for row in chain(rows, [line]):
        yield _named(names, row[0]), False
    while (line := next(remaining, None)) is not None and _is_row(line):
        yield _named(names, line[0]), False
    return line


def _is_row(line: Shown) -> bool:
    return "|" in line[0] and not line[1]


def _named(names: list[str], row: str) -> str:
    pairs = zip_longest(names, _cells(row), fillvalue="")
    return " | ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell) + "\n"


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in _BAR.split(row.strip().removeprefix("|").removesuffix("|"))]
