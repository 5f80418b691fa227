"""Sections as the child sends them: texts fit to store, in pieces that fit a line, and the summary of the document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from chat.documents.errors import too_large
from chat.documents.formats import FileKind
from chat.documents.reading.protocol import SECTION_CHARACTERS
from chat.documents.sections import Notice, Section, Summary
from chat.errors import Unreadable

MAX_CHARACTERS = 64 << 20
"""The characters of a document. Five million tokens, the reference's limit, are some twenty million characters."""

_PICTURES = (
    *(FileKind.PDF, FileKind.SLIDES, FileKind.WORD, FileKind.OLD_SLIDES, FileKind.OLD_WORD, FileKind.RICH_TEXT),
    *(FileKind.OPEN_SLIDES, FileKind.OPEN_TEXT),
)
"""The kinds that may have content, pictures, but no text."""

_BREAKS = re.compile("\r\n?|[\v\f]")
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n"))
_SURROGATES = re.compile("[\ud800-\udfff]")
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
"""PostgreSQL stores no zero byte, and no page shows the others."""


@dataclass
class _Tally:
    characters: int = 0
    pages: int = 0
    warnings: list[str] = field(default_factory=list)


def normalize_sections(items: Iterable[Section | Notice], *, kind: FileKind) -> Iterator[Section | Summary]:
    """Yield the sections that have text, cleaned; then the summary.

    Raise ``Unreadable`` for a file without text, unless it may be pictures, which is a warning; and for more than
    64 million characters.
    """
    tally = _Tally()
    for item in items:
        if isinstance(item, Notice):
            tally.warnings.append(item.text)
        else:
            yield from _pieces(item, tally)
    if not tally.characters and kind not in _PICTURES:
        raise Unreadable("The file contains no text.")
    if not tally.characters:
        tally.warnings.append("No text was found. The document looks scanned or made of pictures.")
    yield Summary(kind, tally.pages, tally.characters, tuple(tally.warnings))


def clean_text(text: str) -> str:
    """Return ``text`` with plain line ends, without control characters and lone surrogates."""
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        return clean_text(_SURROGATES.sub("\ufffd", text))
    if len(encoded.translate(None, _CONTROLS)) == len(encoded):  # nearly always, and ten times faster than a search
        return text
    return _UNWANTED.sub("", _BREAKS.sub("\n", text))


def _pieces(section: Section, tally: _Tally) -> Iterator[Section]:
    if section.page and section.page > tally.pages:
        tally.pages = section.page
    text = clean_text(section.text)
    if not text or text.isspace():
        return
    tally.characters += len(text)
    if tally.characters > MAX_CHARACTERS:
        raise too_large(f"A document may have up to {MAX_CHARACTERS >> 20} million characters")
    heading = clean_text(section.heading)[:200]
    for start in range(0, len(text), SECTION_CHARACTERS):
        yield replace(section, heading=heading, text=text[start : start + SECTION_CHARACTERS])
