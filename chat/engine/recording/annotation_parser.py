"""What is certain of an answer's text while it comes in pieces: words, citations, links to files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chat.tools.citations import Citation, Reader, Sources
from chat.tools.links import Link, LinkReader

Certain = str | Citation | Link


class Reading:
    """May cite ``sources`` and link to ``files``, ids by name."""

    def __init__(self, sources: Sources, files: Mapping[str, str]) -> None:
        self.sources = sources
        self._citations, self._links = Reader(sources), LinkReader(files)

    @property
    def has_cited(self) -> bool:
        return self._citations.has_cited

    def take(self, text: str) -> Iterator[Certain]:
        """What is certain now that ``text`` has come."""
        for piece in self._citations.take(text):
            yield from self._linked(piece)

    def rest(self) -> Iterator[Certain]:
        """The text has ended: what was held back is what it is."""
        for piece in self._citations.rest():
            yield from self._linked(piece)
        yield from self._links.rest()

    def _linked(self, piece: str | Citation) -> Iterator[Certain]:
        if isinstance(piece, str):
            yield from self._links.take(piece)
        else:
            yield from self._links.rest()  # what was held back for a link is none, as a citation follows it
            yield piece
