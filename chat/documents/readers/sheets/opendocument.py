"""Sheets of OpenDocument (.ods), whose cells have what they show beside their values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from xml.etree.ElementTree import Element, iterparse

from chat.documents.readers.sheets.merged_cells import NumberedRow, Range
from chat.documents.readers.sheets.workbook import MOST_COLUMNS

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_PARAGRAPH, _SPACES = f"{_TEXT}p", f"{_TEXT}s"
_NOTE, _AUTHOR = f"{_OFFICE}annotation", "{http://purl.org/dc/elements/1.1/}creator"
_VALUES = tuple(f"{_OFFICE}{name}value" for name in ("", "date-", "time-", "string-", "boolean-"))
_MOST_REPEATED = 1000
"""Rows with text that one stands for; more than these say nothing new."""


@dataclass
class OpenSheet:
    """A sheet: its rows, which cells are merged, comments by the rows they are on, and the texts of its drawings."""

    name: str
    rows: list[NumberedRow] = field(default_factory=list)
    merged: list[Range] = field(default_factory=list)
    remarks: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    drawn: list[str] = field(default_factory=list)
    _next: int = 1

    def add_row(self, row: Element) -> None:
        """Add a row, as often as it says that it is repeated."""
        cells: list[str] = []
        column = 0
        for cell in row:
            text, times = self._read_cell(cell, column), _count(cell, "number-columns-repeated")
            if text and column < MOST_COLUMNS:
                cells += [""] * (column - len(cells)) + [text] * min(times, MOST_COLUMNS - column)
            column += times
        times = _count(row, "number-rows-repeated")
        if cells:
            self.rows += [(self._next + at, list(cells)) for at in range(min(times, _MOST_REPEATED))]
        self._next += times

    def _read_cell(self, cell: Element, column: int) -> str:
        """Return what the cell shows; keep what else is in it."""
        lines = []
        for part in cell:
            if part.tag == _PARAGRAPH:
                lines.append(_words(part))
            elif part.tag == _NOTE:
                author = part.findtext(_AUTHOR)
                words = " ".join(_words(line) for line in part.iter(_PARAGRAPH))
                self.remarks[self._next].append(f"[Comment{f' by {author}' if author else ''}: {words}]")
            else:
                self.add_drawing(part)
        right, down = _count(cell, "number-columns-spanned"), _count(cell, "number-rows-spanned")
        if right > 1 or down > 1:
            self.merged.append(Range(self._next, column, self._next + down - 1, column + right - 1))
        return "\n".join(lines) if lines else next((cell.get(name, "") for name in _VALUES if name in cell.attrib), "")

    def add_drawing(self, drawing: Element) -> None:
        """Keep the text of a drawing, or of all that are in this element."""
        if text := "\n".join(filter(None, map(_words, drawing.iter(_PARAGRAPH)))):
            self.drawn.append(text)


def open_sheets(content: IO[bytes]) -> Iterator[OpenSheet]:
    """Yield the sheets of a file's ``content.xml``, one in memory at a time. Raise ``ParseError`` if it is broken."""
    sheet = OpenSheet("")
    # Expat itself refuses entities that grow, and never loads any from elsewhere.
    for event, element in iterparse(content, events=("start", "end")):  # noqa: S314 -- the line above
        if event == "start":
            sheet = OpenSheet(element.get(f"{_TABLE}name", "")) if element.tag == f"{_TABLE}table" else sheet
        elif element.tag == f"{_TABLE}table-row":
            sheet.add_row(element)
            element.clear()
        elif element.tag == f"{_TABLE}shapes":
            sheet.add_drawing(element)
        elif element.tag == f"{_TABLE}table":
            yield sheet
            element.clear()


def _count(element: Element, name: str) -> int:
    count = element.get(f"{_TABLE}{name}", "1")
    return max(1, int(count)) if count.isdecimal() else 1


def _words(element: Element) -> str:
    """Return the text of a paragraph, with the blanks that are elements."""
    parts = [element.text or ""]
    for part in element:
        parts.append(" " * min(int(part.get(f"{_TEXT}c", "1")), 100) if part.tag == _SPACES else _words(part) or " ")
        parts.append(part.tail or "")
    return "".join(parts)
