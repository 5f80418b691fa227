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
"""The heading that a line is, or None."""


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """The text of the file at ``path``. Raises ``Unreadable`` if it is binary."""
    yield from read_lines(path, _no_heading)


def read_lines(path: Path, heading_of: HeadingOf) -> Iterator[Section | Notice]:
    """The text of the file at ``path``, a new section at each line that is a heading."""
    found = encoding.detect(path)
    yield from by_heading(found.lines(path), heading_of)
    yield from found.notices()


def by_heading(lines: Iterable[str], heading_of: HeadingOf) -> Iterator[Section]:
    """``lines`` as sections that begin at headings, none much longer than 16,000 characters or one line."""
    heading = ""
    held: list[str] = []
    size = 0
    for line in lines:
        found = heading_of(line)
        if held and (found or size > _SECTION_CHARACTERS):
            yield Section(None, heading, "".join(held))
            held, size = [], 0
        heading = found or heading
        held.append(line)
        size += len(line)
    if held:
        yield Section(None, heading, "".join(held))


def _no_heading(_: str) -> None:
    """No line is one."""
