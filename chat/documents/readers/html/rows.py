"""The rows of a table of a web page that are to be read as one line each, whatever stands in their cells."""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

_MOST_CHARACTERS = 2_000
"""Of a row of data. Longer ones hold texts side by side."""

_PARTS = ",".join(f"{cell} {part}" for cell in ("td", "th") for part in ("p", "div", "br", "li", "section"))
_TEXTS_OF_THEIR_OWN = "table,h1,h2,h3,h4,h5,h6,pre,textarea,[role=heading]"
_LAYOUT = frozenset(("presentation", "none"))


def find_parted_rows(parser: LexborHTMLParser) -> set[int]:
    """Return the ``mem_id`` of each row of data in whose cells there are paragraphs, lines or lists.

    Data stands in tables of several rows and columns; a table that only puts texts side by side is no such one.
    """
    rows = {row.mem_id: row for part in parser.css(_PARTS) if (row := _around(part, "tr"))}
    tables = {table.mem_id: table for row in rows.values() if (table := _around(row, "table"))}
    data = {row.mem_id for table in tables.values() for row in _rows_of_data(table)}
    return {at for at, row in rows.items() if at in data and _is_short(row)}


def _around(node: LexborNode, tag: str) -> LexborNode | None:
    parent = node.parent
    while parent is not None and parent.tag != tag:
        parent = parent.parent
    return parent


def _rows_of_data(table: LexborNode) -> Iterator[LexborNode]:
    if (table.attributes.get("role") or "") in _LAYOUT:
        return
    parts = [table, *(part for part in table.iter() if part.tag in ("thead", "tbody", "tfoot"))]
    rows = [row for part in parts for row in part.iter() if row.tag == "tr"]
    wide = [row for row in rows if sum(cell.tag in ("td", "th") for cell in row.iter()) > 1]
    if len(wide) > 1:
        yield from wide


def _is_short(row: LexborNode) -> bool:
    return row.css_first(_TEXTS_OF_THEIR_OWN) is None and len(row.text()) <= _MOST_CHARACTERS
