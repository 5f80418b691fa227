"""The smallest pieces that cutting moves about: sentences, or parts of long ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from chat.documents.values import Section

Count = Callable[[str], int]
"""The tokens of a text."""

_LARGEST = 10
"""An atom is at most this part of a segment."""

_PIECES = re.compile(r"\s{0,64}\S{1,16}|\s{1,64}")
"""What longer sentences fall into: words with the space before them, which are counted exactly; parts of endless
ones."""

_CLOSING = "[\"'”’»)\\]」』）]{0,4}"
_ENDS = re.compile(
    r"(?P<PARAGRAPH>\n[ \t]*\n\s*)"
    rf"|(?P<SENTENCE>(?<=[.!?…؟।]){_CLOSING}(?:(?=[ \t])|\n(?![ \t]*\n))|(?<=[。！？]){_CLOSING})"
    r"|(?P<LINE>\n)"
)


class Grade(IntEnum):
    """How good it is to cut after an atom."""

    WORD, LINE, SENTENCE, PARAGRAPH = range(4)


class Atom(NamedTuple):
    """A piece of a section. Joined, the atoms are the document's text; spaces stand before a word, breaks after it."""

    text: str
    tokens: int
    grade: Grade
    page: int | None
    heading: str


def atoms(sections: Iterable[Section], *, segment: int, count: Count) -> Iterator[Atom]:
    """The atoms of ``sections`` for segments of ``segment`` tokens. Every character is counted at most twice."""
    largest = max(1, segment // _LARGEST)
    for section in sections:
        for text, grade in sentences(section.text):
            tokens = count(text)
            if tokens <= largest:
                yield Atom(text, tokens, grade, section.page, section.heading)
                continue
            pieces = _PIECES.findall(text)
            for number, piece in enumerate(pieces, start=1):
                after = grade if number == len(pieces) else Grade.WORD
                yield Atom(piece, count(piece), after, section.page, section.heading)


def sentences(text: str) -> Iterator[tuple[str, Grade]]:
    """The sentences, lines and paragraphs of ``text``, which they are when joined, with how good it is to cut after."""
    start = 0
    for end in _ENDS.finditer(text):
        yield text[start : end.end()], Grade[str(end.lastgroup)]
        start = end.end()
    if start < len(text):
        yield text[start:], Grade.WORD
