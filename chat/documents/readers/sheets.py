"""Excel workbooks, by python-calamine: a sheet is a page."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import python_calamine

from chat.documents.errors import broken, protected
from chat.documents.formats import Kind
from chat.documents.readers.table_rows import read_rows
from chat.documents.sections import Section

_MIDNIGHT = datetime.time()


def read_sections(path: Path) -> Iterator[Section]:
    """The rows of each sheet, hidden ones too. Raises ``Unreadable`` if the workbook is broken or protected.

    A sheet is held in memory as the rectangle of its used cells; one that fills the process's memory ends it.
    """
    try:
        with python_calamine.load_workbook(path) as workbook:
            for number, name in enumerate(workbook.sheet_names, start=1):
                sheet = workbook.get_sheet_by_name(name)
                if sheet.height:
                    rows = (
                        [cell if cell.__class__ is str else _shown(cell) for cell in row] for row in sheet.iter_rows()
                    )
                    yield Section(number, name, f"\n{name}\n")
                    yield from read_rows(rows, page=number, heading=name)
    except python_calamine.PasswordError as reason:
        raise protected(Kind.SHEETS.words) from reason
    except python_calamine.CalamineError as reason:
        raise broken(Kind.SHEETS.words) from reason


def _shown(cell: object) -> str:
    """A cell that is not text as Excel would show it, at most 15 digits of a number."""
    if isinstance(cell, float):
        return format(cell, ".15g")
    if isinstance(cell, datetime.datetime) and cell.time() == _MIDNIGHT:
        return cell.date().isoformat()
    return str(cell)
