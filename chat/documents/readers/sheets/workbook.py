"""Excel workbooks (.xlsx and its kin): the cells of each sheet as a person sees them, read row by row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from string import ascii_letters
from typing import IO
from xml.etree.ElementTree import Element, TreeBuilder, XMLParser

from lxml import etree

from chat.documents.readers.sheets.merged_cells import NumberedRow, Range
from chat.documents.readers.sheets.number_formats import BUILT_IN, GENERAL, NumberFormat, number_format
from chat.documents.readers.sheets.package import Package, Part

MOST_COLUMNS = 16_384
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_VALUE, _FORMULA, _INLINE = f"{_MAIN}v", f"{_MAIN}f", f"{_MAIN}is"
_TEXT, _RUN = f"{_MAIN}t", f"{_MAIN}r"
_BLOCK_BYTES = 1 << 16
_DIGITS = "0123456789"
_GENERAL = number_format(GENERAL, from_1904=False)
_BOOLEANS = {"0": "FALSE", "1": "TRUE"}

_MERGE = re.compile(rb"mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3}[0-9]{1,7}):([A-Z]{1,3}[0-9]{1,7})[\"']")
_LONGEST_MERGE = 200  # bytes


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook, or a page with nothing but a chart."""

    name: str
    is_hidden: bool
    part: Part


class Workbook:
    """The workbook in ``package``. Raise ``IndexError`` and the like if it is broken.

    ``formulas_without_value``: those whose result is not stored, in the rows that have been read.
    """

    def __init__(self, package: Package) -> None:
        self.formulas_without_value: list[str] = []
        self.part = package.root.related("officeDocument")[0]
        root = self.part.xml()
        properties = root.find(f"{_MAIN}workbookPr")
        self._from_1904 = properties is not None and properties.get("date1904") in ("1", "true", "on")
        self.sheets = [
            Sheet(sheet.get("name", ""), sheet.get("state", "visible") != "visible", relation.target_part)
            for sheet in root.iterfind(f"{_MAIN}sheets/{_MAIN}sheet")
            if (relation := self.part.rels.get(sheet.get(_ID)))
        ]
        self._shared = [text for part in self.part.related("sharedStrings") for text in _shared_strings(part)]
        self._formats = self._read_formats()
        self._shown: dict[str | None, Callable[[Element, NumberFormat], str]] = {
            **{"s": self._shared_string, "str": _string, "inlineStr": _string},
            **{"b": _boolean, "d": _date, "e": _error},
        }

    def _read_formats(self) -> dict[str | None, NumberFormat]:
        """Return the formats of the styles of cells; none if they are broken: then numbers are shown as they are."""
        codes, styles = dict(BUILT_IN), []
        with suppress(KeyError, IndexError, ValueError, etree.XMLSyntaxError):
            root = self.part.related("styles")[0].xml()
            for own in root.iterfind(f"{_MAIN}numFmts/{_MAIN}numFmt"):
                codes[int(own.get("numFmtId"))] = own.get("formatCode", GENERAL)
            styles = [int(style.get("numFmtId", 0)) for style in root.iterfind(f"{_MAIN}cellXfs/{_MAIN}xf")]
        formats: dict[str | None, NumberFormat] = {
            str(at): number_format(codes.get(style, GENERAL), from_1904=self._from_1904)
            for at, style in enumerate(styles)
        }
        return formats | {None: formats.get("0", _GENERAL)}

    def rows(self, sheet: Sheet) -> Iterator[NumberedRow]:
        """Yield the rows that the file has."""
        number = 0
        with sheet.part.package.open(sheet.part.name) as file:
            for row in _children(file, of=f"*/{_MAIN}sheetData"):
                number = _integer(row.get("r", ""), number + 1)
                yield number, self._cells(row)

    def _cells(self, row: Element) -> list[str]:
        cells: list[str] = []
        column = -1
        for cell in row:
            reference = cell.get("r")
            column = _column(reference.rstrip(_DIGITS)) if reference else column + 1
            shown = self._formats.get(cell.get("s"), _GENERAL)
            text = self._shown.get(cell.get("t"), self._number)(cell, shown)
            if text and len(cells) <= column < MOST_COLUMNS:
                if len(cells) < column:
                    cells += [""] * (column - len(cells))
                cells.append(text)
        return cells

    def _number(self, cell: Element, shown: NumberFormat) -> str:
        value = cell.findtext(_VALUE)
        return shown.number(value) if value else self._formula(cell)

    def _shared_string(self, cell: Element, shown: NumberFormat) -> str:
        at = cell.findtext(_VALUE, "")
        text = self._shared[int(at)] if at.isdecimal() and int(at) < len(self._shared) else ""
        return shown.words(text) if shown.words else text

    def _formula(self, cell: Element) -> str:
        formula = cell.find(_FORMULA)
        if formula is None:
            return ""
        text = f"={formula.text or '…'}"
        self.formulas_without_value.append(text)
        return text


def _string(cell: Element, shown: NumberFormat) -> str:
    inline = cell.find(_INLINE)
    text = cell.findtext(_VALUE, "") if inline is None else _plain(inline)
    return shown.words(text) if shown.words else text


def _boolean(cell: Element, _: NumberFormat) -> str:
    value = cell.findtext(_VALUE, "")
    return _BOOLEANS.get(value, value)


def _date(cell: Element, _: NumberFormat) -> str:
    return cell.findtext(_VALUE, "").removesuffix("T00:00:00")


def _error(cell: Element, _: NumberFormat) -> str:
    return cell.findtext(_VALUE, "")


def merged_ranges(sheet: Sheet) -> list[Range]:
    """Return the merged cells of a sheet, in the order of their first rows."""
    found: dict[tuple[bytes, bytes], None] = {}
    with sheet.part.package.open(sheet.part.name) as file:
        tail = b""
        while block := file.read(_BLOCK_BYTES):
            found.update(dict.fromkeys(_MERGE.findall(tail + block)))
            tail = block[-_LONGEST_MERGE:]
    return sorted(Range(*_place(first.decode()), *_place(last.decode())) for first, last in found)


def row_of(reference: str) -> int:
    """Return the row, from 1, of a reference like ``B2``; 0 if it has none."""
    return _integer(reference.lstrip(ascii_letters), 0)


def _place(reference: str) -> tuple[int, int]:
    """Return the row, from 1, and the column, from 0, of a reference like ``B2``."""
    return row_of(reference), _column(reference.rstrip(_DIGITS))


def _integer(text: str, default: int) -> int:
    return int(text) if text.isdecimal() else default


@cache
def _column(letters: str) -> int:
    """Return the column, from 0, that a reference's letters mean."""
    number = 0
    for letter in letters[:4].upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _shared_strings(part: Part) -> Iterator[str]:
    with part.package.open(part.name) as file:
        yield from map(_plain, _children(file, of="*"))


def _plain(item: Element) -> str:
    """Return the text of a string, which may be in runs; the reading that Japanese has above it is left out."""
    if len(item) == 1 and item[0].tag == _TEXT:
        return item[0].text or ""
    return "".join(
        part.findtext(_TEXT, "") if part.tag == _RUN else part.text or "" for part in item if part.tag in (_TEXT, _RUN)
    )


def _children(file: IO[bytes], *, of: str) -> Iterator[Element]:
    """Yield the children of the element at the path ``of``, of which ``*`` is the root, few in memory at a time."""
    builder = TreeBuilder()
    holder = builder.start("document", {})
    parser = XMLParser(target=builder)  # noqa: S314 -- expat refuses entities that grow, and loads none from elsewhere
    parent = None
    while block := file.read(_BLOCK_BYTES):
        parser.feed(block)
        if parent is None:
            parent = holder.find(of)
        if parent is not None:
            complete = parent[:-1]
            yield from complete
            del parent[: len(complete)]
    parser.close()
    if parent is not None:
        yield from parent
