"""The columns of a long table of a web page, which may be cut into passages anywhere: each cell names its own."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode

_WHOLE_CHARACTERS = 1000
"""The text of a table that is rarely cut: about 300 tokens."""


def name_columns(parser: LexborHTMLParser) -> None:
    """Put the name of its column before each cell of a long table."""
    for table in parser.css("table"):
        rows = table.css("tr")
        is_long = len(rows) > 2 and len(table.text()) > _WHOLE_CHARACTERS
        if not is_long or table.css_first("table table") is not None:
            continue
        names, *others = ([cell for cell in row.iter() if cell.tag in ("td", "th")] for row in rows)
        if any(name.tag == "td" for name in names):
            continue
        words = [" ".join(name.text().split()) for name in names]
        for cells in others:
            if len(cells) == len(words):  # no merged ones
                for word, cell in zip(words, cells, strict=True):
                    _put_before(cell, word)


def _put_before(cell: LexborNode, name: str) -> None:
    first = cell.first_child
    if first is not None and name and cell.text(strip=True):
        first.insert_before(f"{name}: ")
