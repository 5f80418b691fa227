"""CSV, with commas, semicolons, tabs, bars or carets."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from chat.documents import encoding
from chat.documents.readers.tables.rows import table_sections
from chat.documents.sections import Notice, Section
from chat.errors import Unreadable

FIELD_CHARACTERS = 1 << 20
"""The longest cell."""

_QUOTED_LINES = 1000
"""Lines of the longest cell; in a longer one a quotation mark was never closed."""

_DELIMITERS = "\t;,|^"
"""Of several that part the lines equally well the first one is meant: commas are in numbers, bars in texts."""

_LOOKED_AT = 20
_TOLD = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""A first line that tells Excel the delimiter, and is no row."""


class _Lines:
    """The lines of a file, ``taken`` one by one; some can be given back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.number += 1
        self.taken.append(line)
        if len(self.taken) > _QUOTED_LINES:
            raise csv.Error("a cell of too many lines")
        return line

    def give_back(self, kept: int) -> None:
        """Give the taken lines back but for the first ``kept``."""
        back = self.taken[kept:]
        self._again.extendleft(reversed(back))
        self.number -= len(back)
        del self.taken[kept:]


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the rows of the file at ``path``. Raise ``Unreadable`` if it is binary or a cell is endless."""
    csv.field_size_limit(FIELD_CHARACTERS)
    detected = encoding.detect(path)
    lines = _Lines(detected.lines(path))
    top = list(islice(lines, _LOOKED_AT))
    told = _TOLD.fullmatch(top[0]) if top else None
    lines.give_back(1 if told else 0)
    unclosed: list[int] = []
    try:
        yield from table_sections(_rows(lines, told[1] if told else _delimiter(top), unclosed))
    except csv.Error as reason:
        raise Unreadable(f"The CSV file is broken near line {lines.number}.") from reason
    if unclosed:
        yield Notice(f"The quotation mark in line {unclosed[0]} of the file is never closed.")
    yield from detected.notices()


def _delimiter(top: Sequence[str]) -> str:
    """Return the delimiter that parts most lines into equally many cells."""
    return max(_DELIMITERS, key=lambda delimiter: _usual_rows(top, delimiter))


def _usual_rows(top: Sequence[str], delimiter: str) -> int:
    widths: Counter[int] = Counter()
    with suppress(csv.Error):
        widths.update(map(len, csv.reader(top, delimiter=delimiter)))
    return max((count for width, count in widths.items() if width > 1), default=0)


def _rows(lines: _Lines, delimiter: str, unclosed: list[int]) -> Iterator[list[str]]:
    """Yield the cells of each row. A quotation mark that is never closed is one of the text, noted in ``unclosed``."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        lines.taken.clear()
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as reason:
            # A mark that means inches; or a cell that seems to end lines below, where another begins, or never.
            if len(lines.taken) > 1 or str(reason).startswith("unexpected end"):
                unclosed.append(lines.number - len(lines.taken) + 1)
            lines.give_back(1)
            yield _cells(lines.taken[0], delimiter)


def _cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line that has quotation marks which mean nothing."""
    if line.count('"') == 1:
        return line.rstrip("\n").split(delimiter)
    return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
