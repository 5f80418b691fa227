"""Tables as text that can be cut anywhere: each row names its columns. The readers of tables of all kinds call it.

name: Ada | born: 1815 | field: mathematics
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from typing import NamedTuple

from chat.documents.readers.tables.headers import find_header, usual_width
from chat.documents.sections import Section

Line = Sequence[str] | str
"""The cells of a row; or a remark, a line that is no row."""

_ROWS = 200
"""Rows in a section."""

_LOOKED_AT = 20
"""Rows from the top of a table among which its header is looked for: sheets often begin with a title and a date."""

_WHOLE_CHARACTERS = 1000
"""The cells of a table that is rarely cut: about 300 tokens."""


class _Table(NamedTuple):
    """Lines without a blank row among them: the first ones, and the others, to be read before the next table."""

    top: Sequence[Line]
    others: Iterator[Line]

    @property
    def rows(self) -> list[Sequence[str]]:
        """The rows among the first lines, without the blank cells at their ends."""
        return [_filled(line) for line in self.top if not isinstance(line, str)]


def table_sections(lines: Iterable[Line], *, page: int | None = None, heading: str = "") -> Iterator[Section]:
    """Yield ``lines`` as sections. Blank rows part tables, each of which may have a header (``find_header``)."""
    texts = _texts(lines)
    while block := list(islice(texts, _ROWS)):
        yield Section(page, heading, "".join([f"{_one_line(text)}\n" for text in block if text]))


def _texts(lines: Iterable[Line]) -> Iterator[str]:
    tables = _tables(lines)
    table = next(tables, None)
    names: Sequence[str] = ()
    while table:
        # The next one can be looked at only when this one has been read.
        following = next(tables, None) if len(table.top) < _LOOKED_AT else None
        width = usual_width(following.rows) if following else 0
        if header := find_header(table.rows, earlier=names, below=width):
            names = header.names
            places = [at for at, line in enumerate(table.top) if not isinstance(line, str)]
            first, end = places[header.start], places[header.end - 1] + 1
            yield from _plain(table.top[:first])
            yield from (line for line in table.top[first:end] if isinstance(line, str))
            yield from _named(names, chain(table.top[end:], table.others))
        elif _goes_on(table, names):
            yield from _named(names, chain(table.top, table.others))
        else:
            yield from _plain(chain(table.top, table.others))
        table = following or next(tables, None)


def _tables(lines: Iterable[Line]) -> Iterator[_Table]:
    for has_text, table in groupby(lines, key=any):
        if has_text:
            top = list(islice(table, _LOOKED_AT))
            yield _Table(top, table)  # noqa: B031 -- whoever takes it reads it before the next one


def _goes_on(table: _Table, names: Sequence[str]) -> bool:
    """Return whether a table without a header is more of the one before it, whose columns have these ``names``."""
    return bool(names) and 3 * len(names) <= 5 * usual_width(table.rows) and max(map(len, table.rows)) <= len(names)


def _plain(lines: Iterable[Line]) -> Iterator[str]:
    return (line if isinstance(line, str) else " | ".join(filter(None, line)) for line in lines)


def _named(names: Sequence[str], lines: Iterable[Line]) -> Iterator[str]:
    usual = [f"{name}: " if name else "" for name in names]
    for line in lines:
        if isinstance(line, str):
            yield line
            continue
        prefixes = usual if len(line) <= len(usual) else [*usual, *[""] * (len(line) - len(usual))]
        yield " | ".join([prefix + cell for prefix, cell in zip(prefixes, line, strict=False) if cell])


def _filled(row: Sequence[str]) -> Sequence[str]:
    return row[: next((at for at in range(len(row), 0, -1) if row[at - 1]), 0)]


def _one_line(text: str) -> str:
    return text if text.isprintable() else " ".join(text.split())


def table_text(rows: Sequence[Sequence[str]]) -> str:
    """Return a table of a document as ``cell | cell`` lines; each row of a long one names its columns."""
    is_long = sum(map(len, chain.from_iterable(rows))) > _WHOLE_CHARACTERS
    lines = _texts(rows) if is_long else map(" | ".join, rows)
    return "\n".join(line for line in lines if line.strip(" |"))
