"""Plain text, JSON, XML and source code: the text as it is, without headings; letters that JSON writes as numbers.

A form feed, which makes a printer begin a new page, makes text one of pages.

XML is not parsed, so nothing in it is ever expanded or fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path

from chat.documents import encoding
from chat.documents.sections import Notice, Section

_SECTION_CHARACTERS = 1 << 14

_ESCAPE = re.compile(r"\\(?:u((?!00[01])[0-9a-fA-F]{4})|.)")
"""An escape of JSON; its group is the number of a letter."""

Titled = tuple[str, str | None]
"""One or more lines, and the heading that they are, or None."""


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the text of the file at ``path``. Raise ``Unreadable`` if it is binary."""
    detected = encoding.detect(path)
    lines = detected.lines(path)
    first = next(lines, "")
    is_json = first.lstrip()[:1] in ("{", "[")
    has_pages = any("\f" in line for line in detected.lines(path))
    lines = map(_decode_escapes if is_json else str, chain(filter(None, [first]), lines))
    for page, numbered in groupby(_numbered_by_page(lines), key=itemgetter(0)):
        yield from split_by_heading(((line, None) for _page, line in numbered), page=page if has_pages else None)
    yield from detected.notices()


def text_sections(path: Path, find_headings: Callable[[Iterable[str]], Iterable[Titled]]) -> Iterator[Section | Notice]:
    """Yield the text of the file at ``path``, a new section at each line that is a heading."""
    detected = encoding.detect(path)
    yield from split_by_heading(find_headings(detected.lines(path)))
    yield from detected.notices()


def split_by_heading(lines: Iterable[Titled], *, page: int | None = None) -> Iterator[Section]:
    """Yield ``lines`` as sections that begin at headings, none much longer than 16,000 characters or one line."""
    heading = ""
    pending: list[str] = []
    size = 0
    for line, next_heading in lines:
        if pending and (next_heading or size > _SECTION_CHARACTERS):
            yield Section(page, heading, "".join(pending))
            pending, size = [], 0
        heading = next_heading or heading
        pending.append(line)
        size += len(line)
    if pending:
        yield Section(page, heading, "".join(pending))


def _numbered_by_page(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    page = 1
    for line in lines:
        *ended, rest = line.split("\f")
        for text in ended:
            yield page, f"{text}\n"
            page += 1
        if rest:
            yield page, rest


def _decode_escapes(line: str) -> str:
    """Return a line of JSON with the letters that stand in it as ``\\u00e4``."""
    if "\\u" not in line:
        return line
    text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[0], line)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # two of them make one letter beyond
