"""Spreadsheets: a sheet is a page. Read as a person sees them, .xls and .xlsb as python-calamine reads them.

package          a file of Excel's as parts that refer to each other
workbook         the cells of Excel's sheets
workbook_extras  comments on them, and what is drawn over them
opendocument     the cells of OpenDocument's sheets, and what is beside them
merged_cells     repeats the text of merged cells
number_formats   what a cell shows of a number; of ``format_tokens``, ``shown_numbers`` and ``shown_dates``
"""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

import python_calamine

from chat.documents.errors import broken, protected
from chat.documents.formats import FileKind
from chat.documents.readers.office.strict_office import open_office
from chat.documents.readers.sheets.merged_cells import NumberedRow, Range, repeat_merged
from chat.documents.readers.sheets.opendocument import open_sheets
from chat.documents.readers.sheets.package import Package
from chat.documents.readers.sheets.workbook import Workbook, merged_ranges
from chat.documents.readers.sheets.workbook_extras import comments, drawn_texts
from chat.documents.readers.tables.rows import Line, table_sections
from chat.documents.sections import Notice, Section

_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"
_ENCRYPTED = b"encryption-data"
_SHOWN = 100
"""Characters of a formula in a notice."""

Place = tuple[int, int]

_PANIC = "PanicException"
"""What Rust code raises that met something which its author held for impossible; no ``Exception``, and in no module."""

_MIDNIGHT = datetime.time()


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield each sheet, hidden ones too: its rows, comments on a line of their own behind them, then what is drawn.

    Raise ``Unreadable`` if the workbook is broken or protected.
    """
    yield from _reader(path)(path)


def _reader(path: Path) -> Callable[[Path], Iterator[Section | Notice]]:
    if not zipfile.is_zipfile(path):
        return _other_sections
    with zipfile.ZipFile(path) as archive:
        if _CONTENT in archive.namelist():
            return _open_document_sections
        main = Package(archive).root.related("officeDocument")
    return _excel_sections if main and main[0].name.endswith(".xml") else _other_sections


def _open_document_sections(path: Path) -> Iterator[Section]:
    with zipfile.ZipFile(path) as archive:
        if _ENCRYPTED in archive.read(_MANIFEST):
            raise protected(FileKind.SHEETS.label)
        with archive.open(_CONTENT) as content:
            for number, sheet in enumerate(open_sheets(content), start=1):
                rows = _with_gaps(repeat_merged(sheet.rows, sheet.merged), sheet.remarks)
                yield from _sheet_sections(number, sheet.name, rows, sheet.drawn)


def _excel_sections(path: Path) -> Iterator[Section | Notice]:
    with open_office(path) as file, zipfile.ZipFile(file) as archive:
        workbook = Workbook(Package(archive))
        for number, sheet in enumerate(workbook.sheets, start=1):
            rows = repeat_merged(workbook.rows(sheet), merged_ranges(sheet))
            remarks = comments(sheet.part, workbook.part)
            title = f"{sheet.name} (hidden sheet)" if sheet.is_hidden else sheet.name
            yield from _sheet_sections(number, title, _with_gaps(rows, remarks), drawn_texts(sheet.part))
    if formulas := workbook.formulas_without_value:
        count = "A formula has" if len(formulas) == 1 else f"{len(formulas)} formulas have"
        yield Notice(
            f"{count} no stored result and stand{'s' * (len(formulas) == 1)} for it: {formulas[0][:_SHOWN]}. "
            "A spreadsheet program that opens and saves the file stores the results."
        )


def _sheet_sections(number: int, title: str, rows: Iterable[Line], drawn: Iterable[str]) -> Iterator[Section]:
    """Yield the title, if anything follows it, the rows and the texts that are drawn over them."""
    sections = table_sections(rows, page=number, heading=title)
    behind = (Section(number, title, f"\n{text}\n") for text in drawn)
    for at, section in enumerate(chain(sections, behind)):
        if at == 0:
            yield Section(number, title, f"\n{title}\n")
        yield section


def _with_gaps(rows: Iterable[NumberedRow], remarks: Mapping[int, list[str]]) -> Iterator[Line]:
    """Yield the cells of the rows, one without cells where rows are missing, and the remarks on each row behind it."""
    last = 0
    for number, cells in rows:
        if number > last + 1:
            yield ()
        yield cells
        yield from remarks.get(number, ())
        last = number


def _other_sections(path: Path) -> Iterator[Section]:
    """Yield the sheets of a workbook of another kind.

    A sheet is held in memory as the rectangle of its used cells; one that fills the process's memory ends it.
    """
    try:
        with python_calamine.load_workbook(path) as workbook:
            for number, name in enumerate(workbook.sheet_names, start=1):
                sheet = workbook.get_sheet_by_name(name)
                if sheet.start:
                    rows = enumerate(([_displayed(cell) for cell in row] for row in sheet.iter_rows()), start=1)
                    merged = _merged(sheet.merged_cell_ranges or (), sheet.start[1])
                    yield from _sheet_sections(number, name, _with_gaps(repeat_merged(rows, merged), {}), ())
    except python_calamine.PasswordError as reason:
        raise protected(FileKind.SHEETS.label) from reason
    except python_calamine.CalamineError as reason:
        raise broken(FileKind.SHEETS.label) from reason
    except BaseException as reason:
        if type(reason).__name__ == _PANIC:
            raise broken(FileKind.SHEETS.label) from reason
        raise


def _merged(ranges: Iterable[tuple[Place, Place]], left: int) -> list[Range]:
    """Return merged cells, whose places count from 0, among rows that begin with the column ``left``."""
    return [Range(first[0] + 1, first[1] - left, last[0] + 1, last[1] - left) for first, last in ranges]


def _displayed(cell: object) -> str:
    """Return a cell as a person would see it without a number format, at most 15 digits of a number."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return format(cell, ".15g")
    if isinstance(cell, datetime.datetime) and cell.time() == _MIDNIGHT:
        return cell.date().isoformat()
    if isinstance(cell, datetime.timedelta):
        minutes, seconds = divmod(int(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(cell)
