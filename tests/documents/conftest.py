"""Reading a file as the server does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest

from chat.documents.formats import extension
from chat.documents.readers import load_reader
from chat.documents.reading import normalize, sniffing
from chat.documents.reading.process import read_document
from chat.documents.sections import Section, Summary


@dataclass(frozen=True)
class Outcome:
    """What a document was read as."""

    sections: list[Section]
    summary: Summary

    @property
    def text(self) -> str:
        """The document's text."""
        return "".join(section.text for section in self.sections)


Reading = Callable[[str, bytes | Path], Awaitable[Outcome]]


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    """Reads a file of this name with these bytes, or the one at this path, as the child does but in this process."""

    async def outcome(name: str, content: bytes | Path) -> Outcome:
        path = stored(content, tmp_path)
        kind = sniffing.identify_file(path, extension=extension(name))
        return outcome_of(normalize.normalize_sections(load_reader(kind)(path), kind=kind))

    return outcome


@pytest.fixture
def reading_in_a_child(tmp_path: Path) -> Reading:
    """The same, confined in a child; which takes half a second of processor time."""

    async def outcome(name: str, content: bytes | Path) -> Outcome:
        async with aclosing(read_document(stored(content, tmp_path), name=name)) as items:
            return outcome_of([item async for item in items])

    return outcome


def stored(content: bytes | Path, folder: Path) -> Path:
    if isinstance(content, Path):
        return content
    path = folder / "stored"
    path.write_bytes(content)
    return path


def outcome_of(items: Iterable[Section | Summary]) -> Outcome:
    *sections, summary = items
    assert isinstance(summary, Summary)
    return Outcome([item for item in sections if isinstance(item, Section)], summary)
