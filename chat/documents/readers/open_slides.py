"""OpenDocument presentations (LibreOffice Impress): a slide is a page, its title the heading."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chat.documents.formats import FileKind
from chat.documents.readers.opendocument.blocks import Blocks
from chat.documents.readers.opendocument.names import qualified
from chat.documents.readers.opendocument.package import OpenDocument
from chat.documents.sections import Section, as_paragraphs

_CLASS = qualified("presentation:class")

_AROUND_NOTES = ("page", "header", "footer", "date-time", "page-number")
"""Shapes beside the notes on their page. A box that someone drew there, or a converter, has no class."""


def read_sections(path: Path) -> Iterator[Section]:
    """Yield the text of each slide in the order of its shapes, the title first, then its notes; blank slides too.

    Raise ``Unreadable`` if the file is broken or protected.
    """
    with OpenDocument(path, kind=FileKind.OPEN_SLIDES) as package:
        blocks = Blocks(package)
        for number, slide in enumerate(package.content().iter(qualified("draw:page")), start=1):
            title = next((shape for shape in slide if shape.get(_CLASS) == "title"), None)
            heading = "" if title is None else blocks.line([title])
            texts = [heading, *(blocks.text([shape]) for shape in slide if shape is not title)]
            yield Section(number, heading, as_paragraphs("\n\n".join(filter(None, (*texts, _notes(blocks, slide))))))


def _notes(blocks: Blocks, slide: Any) -> str:
    notes = (shape for part in slide.iterchildren(qualified("presentation:notes")) for shape in part)
    texts = (blocks.text([shape]) for shape in notes if shape.get(_CLASS) not in _AROUND_NOTES)
    text = "\n\n".join(filter(None, texts))
    return f"Notes: {text}" if text else ""
