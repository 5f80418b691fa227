"""Citations in an answer (reference, section 5): ``【4:0†foods.txt】`` is the first result of the search number 4."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MOST_LABEL = 100  # characters of a file's name in a marker
# What models make of a marker: brackets of the keyboard, another label, none at all.
_WHOLE = re.compile(r"【(\d{1,4}):(\d{1,3})(?:†[^【】\n]{0,200})?】|\[(\d{1,4}):(\d{1,3})†[^\[\]\n]{0,200}\]")
_BEGUN = re.compile(r"[【\[](?:\d{1,4}(?::(?:\d{1,3}(?:†[^【】\[\]\n]{0,200})?)?)?)?\Z")
_OURS = re.compile(r"【\d{1,4}:\d{1,3}†[^【】\n]{0,200}】")

Place = tuple[int, int]  # a search and one of its results


@dataclass(frozen=True, slots=True)
class CitableResult:
    """A result of a search that an answer may cite. ``text`` is what the model was told of it."""

    file_id: str
    file_name: str
    text: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A marker in the text of an answer."""

    text: str
    file_id: str


Sources = Mapping[Place, CitableResult]


def marker(place: Place, file_name: str) -> str:
    """Return the marker that cites a result. A file's name is anybody's: what would end the marker is left out."""
    label = re.sub(r"[【】\[\]†\s]+", " ", file_name).strip()[:MOST_LABEL]
    return f"【{place[0]}:{place[1]}†{label}】"


def without_markers(text: str, annotations: list[dict[str, Any]]) -> str:
    """Return the ``text`` of a message without its citations, which mean nothing in a later run."""
    for annotation in sorted(annotations, key=lambda one: -int(one["start_index"])):
        if annotation["type"] == "file_citation":
            text = text[: annotation["start_index"]] + text[annotation["end_index"] :]
    return text


def place_of(text: str) -> Place | None:
    """Return the search and the result for which a marker stands, as ``marker`` makes it; None for other texts."""
    match = _WHOLE.fullmatch(text) if _OURS.fullmatch(text) else None
    return (int(match[1]), int(match[2])) if match else None


class MarkerReader:
    """Finds the markers in a text that comes in pieces. What may become one is held back until that is certain.

    A marker that stands for no source is left out; without sources every text passes as it is.
    """

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.buffer = ""

    def feed(self, text: str) -> Iterator[str | Citation]:
        """Yield what is certain now that ``text`` has come: texts, never empty, and citations."""
        if not self.sources:
            yield text
            return
        self.buffer += text
        begun = _BEGUN.search(self.buffer)
        certain, self.buffer = (self.buffer[: begun.start()], begun[0]) if begun else (self.buffer, "")
        yield from self._split(certain)

    def rest(self) -> Iterator[str | Citation]:
        """Yield what was held back: the text has ended, so it is no marker."""
        rest, self.buffer = self.buffer, ""
        if rest:
            yield rest

    def _split(self, text: str) -> Iterator[str | Citation]:
        at = 0
        for match in _WHOLE.finditer(text):
            place = (int(match[1] or match[3]), int(match[2] or match[4]))
            source = self.sources.get(place)
            if source is None and "†" not in match[0]:
                continue  # no marker of ours: such brackets are used for other things too
            if match.start() > at:
                yield text[at : match.start()]
            at = match.end()
            if source is not None:
                yield Citation(marker(place, source.file_name), source.file_id)
        if at < len(text):
            yield text[at:]
