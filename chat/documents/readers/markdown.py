"""Markdown: its text as it is, cut at its headings; each row of a long table names its columns."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from itertools import chain, zip_longest
from pathlib import Path

from chat.documents.readers.text import Titled, text_sections
from chat.documents.sections import Notice, Section

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?P<title>\S.*)")
_CLOSING = re.compile(r"[ \t]+#+[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*\n?")
_NO_TITLE = re.compile(r" {4}|\t|[ \t]*([-*+>|#<]|\d+[.)][ \t]|$)")
"""The begin of a line that no underline makes a heading."""

_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})")
_DELIMITERS = re.compile(r"[ \t]*\|?([ \t]*:?-+:?[ \t]*\|)*[ \t]*(:?-+:?)?[ \t]*\n?")
_BAR = re.compile(r"(?<!\\)\|")
_WHOLE_CHARACTERS = 1000
"""A table that is rarely cut: about 300 tokens."""


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the sections of the file at ``path``. Raise ``Unreadable`` if it is binary."""
    yield from text_sections(path, _find_headings)


def _find_headings(lines: Iterable[str]) -> Iterator[Titled]:
    """Yield the lines with the headings that they are: ``# headings`` and underlined ones, except in fenced code."""
    fence, before = "", ""
    remaining = iter(lines)
    line = next(remaining, None)
    while line is not None:
        following = next(remaining, None)
        if mark := _FENCE.match(line):
            fence = _fence_after(fence, mark["fence"], rest=line[mark.end() :])
        if mark or fence or following is None:
            yield line, None if mark or fence else _title(line)
        elif _is_underlined(line, following, before=before):
            yield line + following, " ".join(line.split())
            line, following = following, next(remaining, None)
        elif _is_table(line, following):
            table = _Table(line, following)
            following = yield from table.lines(remaining)
        else:
            yield line, _title(line)
        before, line = line, following


def _fence_after(fence: str, mark: str, *, rest: str) -> str:
    """Return the fence in which the lines after a line with ``mark`` stand; empty for none."""
    if not fence:
        return mark
    return "" if mark.startswith(fence) and not rest.strip() else fence


def _title(line: str) -> str | None:
    match = _HEADING.match(line)
    return _CLOSING.sub("", match["title"].rstrip()) if match else None


def _is_underlined(line: str, following: str, *, before: str) -> bool:
    """Return whether ``line`` is a heading by the line below it. One of several lines is taken for a paragraph."""
    return bool(not before.strip() and _UNDERLINE.fullmatch(following) and not _NO_TITLE.match(line))


def _is_table(line: str, following: str) -> bool:
    return "|" in line and "|" in following and _DELIMITERS.fullmatch(following) is not None


class _Table:
    """A table that begins with a header and a line of delimiters."""

    def __init__(self, header: str, delimiters: str) -> None:
        self._top = [header, delimiters]
        self._names = _cells(header)

    def lines(self, remaining: Iterator[str]) -> Generator[Titled, None, str | None]:
        """Yield the table, and return the line after it, None at the end."""
        rows: list[str] = []
        line = next(remaining, None)
        while line is not None and "|" in line and sum(map(len, rows)) <= _WHOLE_CHARACTERS:
            rows.append(line)
            line = next(remaining, None)
        if line is None or "|" not in line:
            yield from ((each, None) for each in chain(self._top, rows))
            return line
        yield from ((self._named(row), None) for row in rows)
        while line is not None and "|" in line:
            yield self._named(line), None
            line = next(remaining, None)
        return line

    def _named(self, row: str) -> str:
        pairs = zip_longest(self._names, _cells(row), fillvalue="")
        return " | ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell) + "\n"


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in _BAR.split(row.strip().removeprefix("|").removesuffix("|"))]
