"""CSV, with commas, semicolons, tabs or bars."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from chat.documents import encoding
from chat.documents.readers.table_rows import table_sections
from chat.documents.sections import Notice, Section
from chat.errors import Unreadable

FIELD_CHARACTERS = 1 << 20
"""The longest cell. A quotation mark that is never closed swallows this much before it is noticed."""

_DELIMITERS = ",;\t|"
_TOLD = re.compile(rf"sep=([{_DELIMITERS}])\s*")
"""A first line that tells Excel the delimiter, and is no row."""


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the rows of the file at ``path``. Raise ``Unreadable`` if it is binary or a quotation is never closed."""
    detected = encoding.detect(path)
    lines = detected.lines(path)
    first = list(islice(lines, 1))
    told = _TOLD.fullmatch("".join(first))
    if told:
        first = list(islice(lines, 1))
    csv.field_size_limit(FIELD_CHARACTERS)
    rows = csv.reader(chain(first, lines), delimiter=told[1] if told else _delimiter(first))
    try:
        yield from table_sections(rows)
    except csv.Error as reason:
        raise Unreadable(f"The CSV file is broken near line {rows.line_num}.") from reason
    yield from detected.notices()


def _delimiter(first: list[str]) -> str:
    line = "".join(first)
    return max(_DELIMITERS, key=line.count)
