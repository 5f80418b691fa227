"""The texts of windows as they are embedded: each under the name of its file and its heading.

Few windows of a manual say what it is a manual of; with these two lines its vector does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from chat.models import Passage, VectorStoreFile, Window

PAGE = 50  # passages whose texts are in memory
LONGEST = 80  # characters of a name and of a heading: a model reads as much less of the text


def windows_without_vector(entry: VectorStoreFile) -> Iterator[tuple[Window, str]]:
    """Yield each window without a vector and what is embedded for it. Its text is in the first passage that has it."""
    place, seen = -1, 0
    while passages := list(Passage.objects.filter(entry=entry, place__gt=place).order_by("place")[:PAGE]):
        place, until = passages[-1].place, passages[-1].window_to
        missing = Window.objects.filter(entry=entry, vector=None, place__gte=seen, place__lt=until).order_by("place")
        at = 0
        for window in list(missing):
            while passages[at].window_to <= window.place:
                at += 1
            text, start = passages[at].text, passages[at].char_from
            heading = passages[at].heading_at(window.char_from)
            text = text[window.char_from - start : window.char_to - start]
            yield window, in_context(text, filename=entry.file.filename, heading=heading)
        if len(passages) < PAGE:
            return
        seen = max(seen, until)


def in_context(text: str, *, filename: str, heading: str) -> str:
    """Return ``text`` below the name of its file, without the extension, and its heading.

    >>> in_context("Thirty days.", filename="handbook.pdf", heading="Holidays")
    'handbook – Holidays\\nThirty days.'
    """
    context = " – ".join(part[:LONGEST] for part in (PurePath(filename).stem, heading) if part)
    return f"{context}\n{text}"
