"""LaTeX: its source as it is, cut at its sectioning commands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from chat.documents.readers.text import Titled, text_sections
from chat.documents.sections import Notice, Section

_HEADING = re.compile(
    r"[ \t]*\\(?:part|chapter|(?:sub){0,2}section|(?:sub)?paragraph)\*?"
    r"[ \t]*(?:\[[^\]]*\])?[ \t]*\{(?P<title>(?:[^{}]|\{[^{}]*\})*)\}"
)
_COMMAND = re.compile(r"\\[a-zA-Z]+\*?|[{}]")


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the sections of the file at ``path``. Raise ``Unreadable`` if it is binary."""
    yield from text_sections(path, _find_headings)


def _find_headings(lines: Iterable[str]) -> Iterator[Titled]:
    return ((line, _heading_of(line)) for line in lines)


def _heading_of(line: str) -> str | None:
    match = _HEADING.match(line)
    return " ".join(_COMMAND.sub("", match["title"]).split()) if match else None
