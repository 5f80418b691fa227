"""PowerPoint files from before 2007, by office-oxide: a slide is a page, its title the heading."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chat.documents.readers.office.old_office import load_parts, parts_text
from chat.documents.sections import Section, as_paragraphs


def read_sections(path: Path) -> Iterator[Section]:
    """Yield the text of each slide, then its notes; blank slides too. Raise ``Unreadable`` for a broken file."""
    for number, slide in enumerate(load_parts(path, "ppt"), start=1):
        title = next((parts_text([element]) for element in slide["elements"] if element["type"] == "heading"), "")
        notes = parts_text(slide.get("speaker_notes", ()))
        text = "\n\n".join(filter(None, (parts_text(slide["elements"]), f"Notes: {notes}" if notes else "")))
        yield Section(number, " ".join(title.split()), as_paragraphs(text))
