"""OpenDocument texts (LibreOffice Writer), a section a heading. There are no pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chat.documents.formats import FileKind
from chat.documents.readers.opendocument.blocks import Blocks
from chat.documents.readers.opendocument.names import qualified
from chat.documents.readers.opendocument.package import OpenDocument
from chat.documents.sections import Section, as_paragraphs


def read_sections(path: Path) -> Iterator[Section]:
    """Yield the document's text; tables as ``cell | cell`` lines. Raise ``Unreadable`` if it is broken or protected."""
    heading = ""
    pending: list[str] = []
    with OpenDocument(path, kind=FileKind.OPEN_TEXT) as package:
        blocks = Blocks(package)
        for body in package.content().iter(qualified("office:text")):
            for text, is_heading in blocks.below(body):
                if text and is_heading:
                    yield Section(None, heading, "".join(pending))
                    heading, pending = " ".join(text.split()), []
                pending.append(as_paragraphs(text))
        margins = (f"[{name}: {blocks.line(element)}]" for name, element in package.margins if blocks.line(element))
        pending += (as_paragraphs(text) for text in dict.fromkeys(margins))
    yield Section(None, heading, "".join(pending))
