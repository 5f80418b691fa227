"""CSV, with commas, semicolons, tabs or bars."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from chat.documents import encoding
from chat.documents.readers.table_rows import read_rows
from chat.documents.sections import Notice, Section
from chat.errors import Unreadable

FIELD_CHARACTERS = 1 << 20
"""Of one cell. A quotation mark that is never closed swallows this much before it is noticed."""

_DELIMITERS = ",;\t|"


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """The rows of the file at ``path``. Raises ``Unreadable`` if it is binary or a quotation mark is never closed."""
    found = encoding.detect(path)
    lines = found.lines(path)
    first = list(islice(lines, 1))
    csv.field_size_limit(FIELD_CHARACTERS)
    rows = csv.reader(chain(first, lines), delimiter=_delimiter(first))
    try:
        yield from read_rows(rows)
    except csv.Error as reason:
        raise Unreadable(f"The CSV file is broken near line {rows.line_num}.") from reason
    yield from found.notices()


def _delimiter(first: list[str]) -> str:
    line = "".join(first)
    return max(_DELIMITERS, key=line.count)
