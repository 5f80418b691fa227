"""Excel workbooks, by python-calamine: a sheet is a page."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import python_calamine

from chat.documents.errors import broken, protected
from chat.documents.formats import FileKind
from chat.documents.readers.table_rows import table_sections
from chat.documents.sections import Section

_MIDNIGHT = datetime.time()


def read_sections(path: Path) -> Iterator[Section]:
    """Yield the rows of each sheet, hidden ones too. Raise ``Unreadable`` if the workbook is broken or protected.

    A sheet is held in memory as the rectangle of its used cells; one that fills the process's memory ends it.
    """
    try:
        with python_calamine.load_workbook(path) as workbook:
            for number, name in enumerate(workbook.sheet_names, start=1):
                sheet = workbook.get_sheet_by_name(name)
                if sheet.height:
                    rows = (
                        [cell if cell.__class__ is str else _displayed(cell) for cell in row]
                        for row in sheet.iter_rows()
                    )
                    yield Section(number, name, f"\n{name}\n")
                    yield from table_sections(rows, page=number, heading=name)
    except python_calamine.PasswordError as reason:
        raise protected(FileKind.SHEETS.label) from reason
    except python_calamine.CalamineError as reason:
        raise broken(FileKind.SHEETS.label) from reason


def _displayed(cell: object) -> str:
    """Return a cell that is not text as Excel would show it, at most 15 digits of a number."""
    if isinstance(cell, float):
        return format(cell, ".15g")
    if isinstance(cell, datetime.datetime) and cell.time() == _MIDNIGHT:
        return cell.date().isoformat()
    return str(cell)
