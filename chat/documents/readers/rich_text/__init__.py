"""Rich text (RTF), a section a heading. There are no pages.

parser     groups, destinations and control words: paragraphs, cells and rows
encodings  the code pages of fonts, and tokens
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from chat.documents.readers.rich_text.parser import Parser, RichTextBlock
from chat.documents.readers.tables.rows import table_text
from chat.documents.sections import Section, as_paragraphs

_SECTION_CHARACTERS = 1 << 14
_TABLE_ROWS = 1000  # at once in memory


def read_sections(path: Path) -> Iterator[Section]:
    """Yield the text of the file at ``path``; tables as ``cell | cell`` lines. Raise ``Unreadable``."""
    heading, size = "", 0
    pending: list[str] = []
    for text, is_heading in _texts(path):
        if is_heading or size > _SECTION_CHARACTERS:
            yield Section(None, heading, "".join(pending))
            pending, size = [], 0
        heading = " ".join(text.split()) if is_heading else heading
        pending.append(as_paragraphs(text))
        size += len(text)
    yield Section(None, heading, "".join(pending))


def _texts(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield each paragraph, table and what stands beside them, and whether it is a heading."""
    parser, table = Parser(), _RowReader()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for block in parser.blocks(data):
            if not (block.in_table or block.kind != "paragraph") or len(table.rows) > _TABLE_ROWS:
                yield from ((text, False) for text in table.texts())
                table = _RowReader()
            if block.kind == "paragraph" and not block.in_table:
                yield block.text, block.is_heading and bool(block.text.strip())
                yield from ((text, False) for text in block.beside)
            else:
                table.add(block)
    yield from ((text, False) for text in (*table.texts(), *parser.margins))


class _RowReader:
    """The table that is being read."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self._cells: list[str] = []
        self._cell: list[str] = []
        self._beside: list[str] = []

    def add(self, block: RichTextBlock) -> None:
        self._cell.append(block.text)
        if block.kind == "cell":
            self._end_cell()
        elif block.kind == "row":
            self._end_row(block)

    def texts(self) -> Iterator[str]:
        """Yield the table and what stands beside it."""
        left_over = " ".join(self._cells + self._cell)
        yield from (table_text(self.rows), left_over, *self._beside)

    def _end_cell(self) -> None:
        self._cells.append(" ".join(" ".join(self._cell).split()))
        self._cell = []

    def _end_row(self, block: RichTextBlock) -> None:
        """Repeat what is merged, in each column and row over which it goes."""
        above = self.rows[-1] if self.rows else []
        cells = self._cells
        for at, merged in enumerate(block.merged[: len(cells)]):
            if merged == "left" and at:
                cells[at] = cells[at - 1]
            elif merged == "above" and at < len(above):
                cells[at] = above[at]
        self.rows.append(cells)
        self._beside += block.beside
        self._cells, self._cell = [], []
