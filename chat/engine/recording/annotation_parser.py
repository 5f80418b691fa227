"""Split an answer's text, while it comes in pieces, into words, citations and links to files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chat.tools.citations import Citation, MarkerReader, Sources
from chat.tools.links import Link, LinkReader

TextPiece = str | Citation | Link


class AnnotationParser:
    """May cite ``sources`` and link to ``files``, ids by name."""

    def __init__(self, sources: Sources, files: Mapping[str, str]) -> None:
        self.sources = sources
        self._citations, self._links = MarkerReader(sources), LinkReader(files)

    @property
    def has_cited(self) -> bool:
        return self._citations.has_cited

    def feed(self, text: str) -> Iterator[TextPiece]:
        """Yield the pieces that are certain now that ``text`` has come."""
        for piece in self._citations.feed(text):
            yield from self._linked(piece)

    def rest(self) -> Iterator[TextPiece]:
        """Yield what was held back: the text has ended."""
        for piece in self._citations.rest():
            yield from self._linked(piece)
        yield from self._links.rest()

    def _linked(self, piece: str | Citation) -> Iterator[TextPiece]:
        if isinstance(piece, str):
            yield from self._links.feed(piece)
        else:
            yield from self._links.rest()  # what was held back for a link is none, as a citation follows it
            yield piece
