"""Word documents from before 2007, by office-oxide. There are no pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chat.documents.readers.office.old_office import Part, load_parts, parts_text
from chat.documents.sections import Section


def read_sections(path: Path) -> Iterator[Section]:
    """Yield the document's text, a section a heading; notes and comments at the end. Raise ``Unreadable``."""
    heading = ""
    pending: list[str] = []
    margins: dict[str, None] = {}
    for section in load_parts(path, "doc"):
        for element in section["elements"]:
            text = parts_text([element])
            if element["type"] == "heading" and text:
                yield Section(None, heading, "".join(pending))
                heading, pending = " ".join(text.split()), []
            if text:
                pending.append(f"{text}\n\n")
        margins |= dict.fromkeys(_margins(section))
    pending += (f"{text}\n\n" for text in margins)
    yield Section(None, heading, "".join(pending))


def _margins(section: Part) -> Iterator[str]:
    """Yield what stands in the headers and footers of the section's pages."""
    for key, name in (("header", "Page header"), ("footer", "Page footer")):
        for first in ("", "first_page_"):
            text = " ".join(parts_text((section.get(first + key) or {}).get("content") or ()).split())
            if any(map(str.isalpha, text)):
                yield f"[{name}: {text}]"
