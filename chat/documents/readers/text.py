"""Plain text, JSON, XML and source code: the text as it is, without headings; letters that JSON writes as numbers.

XML is not parsed, so nothing in it is ever expanded or fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from chat.documents import encoding
from chat.documents.sections import Notice, Section

_SECTION_CHARACTERS = 1 << 14

_ESCAPE = re.compile(r"\\(?:u((?!00[01])[0-9a-fA-F]{4})|.)")
"""An escape of JSON; its group is the number of a letter."""

HeadingOf = Callable[[str], str | None]
"""Returns the heading that a line is, or None."""


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the text of the file at ``path``. Raise ``Unreadable`` if it is binary."""
    detected = encoding.detect(path)
    lines = detected.lines(path)
    first = next(lines, "")
    is_json = first.lstrip()[:1] in ("{", "[")
    yield from split_by_heading(
        map(_decode_escapes if is_json else str, chain(filter(None, [first]), lines)), _no_heading
    )
    yield from detected.notices()


def text_sections(path: Path, heading_of: HeadingOf) -> Iterator[Section | Notice]:
    """Yield the text of the file at ``path``, a new section at each line that is a heading."""
    detected = encoding.detect(path)
    yield from split_by_heading(detected.lines(path), heading_of)
    yield from detected.notices()


def split_by_heading(lines: Iterable[str], heading_of: HeadingOf) -> Iterator[Section]:
    """Yield ``lines`` as sections that begin at headings, none much longer than 16,000 characters or one line."""
    heading = ""
    pending: list[str] = []
    size = 0
    for line in lines:
        next_heading = heading_of(line)
        if pending and (next_heading or size > _SECTION_CHARACTERS):
            yield Section(None, heading, "".join(pending))
            pending, size = [], 0
        heading = next_heading or heading
        pending.append(line)
        size += len(line)
    if pending:
        yield Section(None, heading, "".join(pending))


def _decode_escapes(line: str) -> str:
    """Return a line of JSON with the letters that stand in it as ``\\u00e4``."""
    if "\\u" not in line:
        return line
    text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[0], line)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # two of them make one letter beyond


def _no_heading(_: str) -> None:
    """Return None: plain text has no headings."""
