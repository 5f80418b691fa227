"""Reading a file as the server does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest

from chat.documents.reading.process import read
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
    """Reads a file of this name with these bytes, or the one at this path, in a child."""

    async def outcome(name: str, content: bytes | Path) -> Outcome:
        path = content if isinstance(content, Path) else tmp_path / "stored"
        if isinstance(content, bytes):
            path.write_bytes(content)
        items: list[Section | Summary] = []
        async with aclosing(read(path, name=name)) as found:
            items = [item async for item in found]
        *sections, summary = items
        assert isinstance(summary, Summary)
        return Outcome([item for item in sections if isinstance(item, Section)], summary)

    return outcome
