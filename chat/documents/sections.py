"""The values that readers yield: sections, notices, and the summary that follows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of a document, in reading order.

    ``page`` is the page, slide or sheet, from 1, or None where the format has none. ``heading`` is the nearest heading,
    or ``""``; the text contains it too. The texts of all sections, joined by nothing, are the document's text, to which
    all character offsets refer; so a text ends with its own line breaks. ``recognized``: it was read in a picture.
    """

    page: int | None
    heading: str
    text: str
    recognized: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know about a document that was read: ``2 pages could not be read.``"""

    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of a document. ``kind`` as in ``formats.Kind``; ``pages`` is 0 where the format has none."""

    kind: str
    pages: int
    characters: int
    warnings: tuple[str, ...] = ()


def as_paragraphs(text: str) -> str:
    """Return ``text`` with a blank line after it, to separate it from what follows; ``""`` if it is only space."""
    stripped = text.strip()
    return f"{stripped}\n\n" if stripped else ""
