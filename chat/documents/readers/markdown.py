"""Markdown: its text as it is, cut at its headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from chat.documents.readers.text import HeadingOf, text_sections
from chat.documents.sections import Notice, Section

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?P<title>\S.*)")
_CLOSING = re.compile(r"[ \t]+#+[ \t]*$")
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})")


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the sections of the file at ``path``. Raise ``Unreadable`` if it is binary."""
    yield from text_sections(path, _headings())


def _headings() -> HeadingOf:
    """Return a function that finds ``# headings``, except in fenced code."""
    fence = ""

    def heading_of(line: str) -> str | None:
        nonlocal fence
        if mark := _FENCE.match(line):
            if not fence:
                fence = mark["fence"]
            elif mark["fence"].startswith(fence) and not line[mark.end() :].strip():
                fence = ""
            return None
        match = None if fence else _HEADING.match(line)
        return _CLOSING.sub("", match["title"].rstrip()) if match else None

    return heading_of
