"""Plain text, JSON, XML and source code: the text as it is, without headings.

XML is not parsed, so nothing in it is ever expanded or fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from chat.documents import encoding
from chat.documents.sections import Notice, Section

_SECTION_CHARACTERS = 1 << 14

HeadingOf = Callable[[str], str | None]
"""Returns the heading that a line is, or None."""


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the text of the file at ``path``. Raise ``Unreadable`` if it is binary."""
    yield from text_sections(path, _no_heading)


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


def _no_heading(_: str) -> None:
    """Return None: plain text has no headings."""
