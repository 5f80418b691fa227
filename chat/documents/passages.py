"""Cutting a document into passages: the pieces that are embedded, searched and cited. Indexing calls it.

The text falls into segments, each as long as passages are apart, and a passage is as many consecutive segments as fit.
So overlapping passages share whole segments, and what is computed for a segment (its embedding windows) is computed
once. With the usual 800 tokens and an overlap of 400, a segment is 400 tokens and a passage two of them.
"""

from __future__ import annotations

import math
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any, NamedTuple, TypeVar

import quicktok

from chat.documents.sections import Section

Known = TypeVar("Known", int, str)
Count = Callable[[str], int]
"""The tokens of a text."""

_SHORTEST = 0.8
"""The share of a segment's tokens at which it may end: the middle of the range, 0.9, give or take a tenth."""

_MOST_SEGMENTS = 16
"""Segments in a passage, so that odd sizes, 800 and 333, do not make segments of a token."""


_LARGEST = 10
"""An atom is at most this part of a segment."""

_PIECES = re.compile(r"\s{0,64}\S{1,16}|\s{1,64}")
"""The pieces of longer sentences: words with the space before them, which are counted exactly; parts of endless
words."""

_CLOSING = "[\"'”’»)\\]」』）]{0,4}"
_ENDS = re.compile(
    r"(?P<PARAGRAPH>\n[ \t]*\n\s*)"
    rf"|(?P<SENTENCE>(?<=[.!?…؟।]){_CLOSING}(?:(?=[ \t])|\n(?![ \t]*\n))|(?<=[。！？]){_CLOSING})"
    r"|(?P<LINE>\n)"
)


@dataclass(frozen=True, slots=True)
class DocumentPassage:
    """A piece of a document and its place in it.

    ``text`` is ``document[char_from:char_to]``, where the document is the joined text of its sections. The pages are
    those of its first and last character, None where the format has none; ``heading`` is the one that most of it stands
    under. ``pages`` and ``headings`` say where each of them begins: ``(char, page)``. ``segments`` are the ranges
    ``(char_from, char_to)`` of which it is made; passages that overlap share them.
    """

    text: str
    page_from: int | None
    page_to: int | None
    pages: tuple[tuple[int, int], ...]
    heading: str
    headings: tuple[tuple[int, str], ...]
    char_from: int
    char_to: int
    segments: tuple[tuple[int, int], ...]


class Grade(IntEnum):
    """The value of a cut after an atom; higher is better."""

    WORD, LINE, SENTENCE, PARAGRAPH = range(4)


class Atom(NamedTuple):
    """A piece of a section. Joined, the atoms are the document's text; spaces stand before a word, breaks after it."""

    text: str
    tokens: int
    grade: Grade
    page: int | None
    heading: str


@dataclass(frozen=True, slots=True)
class _Segment:
    atoms: Sequence[Atom]
    text: str  # theirs
    char_from: int


def cut_passages(
    sections: Iterable[Section], *, max_tokens: int = 800, overlap: int = 400, count: Count
) -> Iterator[DocumentPassage]:
    """Yield the passages of a document, each of at most ``max_tokens``, in order, with one at a time in memory.

    Consecutive passages share about ``overlap`` tokens. Passages end at the end of a paragraph or sentence if one is
    near. Raise ``ValueError`` unless ``0 <= overlap < max_tokens``.
    """
    if not 0 <= overlap < max_tokens:
        raise ValueError(f"overlap must be at least 0 and less than {max_tokens}, not {overlap}")
    step = max_tokens - overlap
    size = max(math.gcd(step, max_tokens), max_tokens // _MOST_SEGMENTS)
    segments = _segments(split_atoms(sections, segment=size, count=count), size)
    for group in _groups(segments, length=max_tokens // size, stride=max(1, step // size)):
        if passage := _passage(group):
            yield passage


def _groups(segments: Iterable[_Segment], *, length: int, stride: int) -> Iterator[Sequence[_Segment]]:
    """Yield each ``length`` consecutive segments, ``stride`` apart; the last group may be shorter."""
    group: deque[_Segment] = deque()
    for segment in segments:
        if len(group) == length:
            yield group
            for _ in range(stride):
                group.popleft()
        group.append(segment)
    if group:
        yield group


def _segments(atoms: Iterable[Atom], size: int) -> Iterator[_Segment]:
    pending: list[Atom] = []
    tokens = start = 0
    for atom in atoms:
        while pending and tokens + atom.tokens > size:
            end = _best_end(pending, size)
            text = "".join(each.text for each in pending[:end])
            yield _Segment(pending[:end], text, start)
            pending = pending[end:]
            tokens = sum(each.tokens for each in pending)
            start += len(text)
        pending.append(atom)
        tokens += atom.tokens
    if pending:
        yield _Segment(pending, "".join(each.text for each in pending), start)


def _best_end(atoms: Sequence[Atom], size: int) -> int:
    """Return how many of the atoms make the segment: up to the best place to cut, the last of equally good ones."""
    tokens, ends = 0, [(atoms[-1].grade, len(atoms))]
    for end, atom in enumerate(atoms, start=1):
        tokens += atom.tokens
        if tokens >= _SHORTEST * size:
            ends.append((atom.grade, end))
    return max(ends)[1]


def _passage(segments: Sequence[_Segment]) -> DocumentPassage | None:
    """Return the segments as one passage, without the space around it; None if there is only space."""
    whole = "".join(segment.text for segment in segments)
    text = whole.strip()
    if not text:
        return None
    start = segments[0].char_from + len(whole) - len(whole.lstrip())
    visible = [atom for segment in segments for atom in segment.atoms if not atom.text.isspace()]
    headings: Counter[str] = Counter()
    for atom in visible:
        headings[atom.heading] += len(atom.text)
    return DocumentPassage(
        text=text,
        page_from=visible[0].page,
        page_to=visible[-1].page,
        pages=tuple(_begins(segments, start, lambda atom: atom.page)),
        heading=headings.most_common(1)[0][0],
        headings=tuple(_begins(segments, start, lambda atom: atom.heading)),
        char_from=start,
        char_to=start + len(text),
        segments=tuple((segment.char_from, segment.char_from + len(segment.text)) for segment in segments),
    )


def _begins(
    segments: Sequence[_Segment], start: int, of: Callable[[Atom], Known | None]
) -> Iterator[tuple[int, Known]]:
    """Yield where the value ``of`` the atoms changes in the text from ``start`` on, and that value; skip None."""
    place, last = segments[0].char_from, None
    for atom in (atom for segment in segments for atom in segment.atoms):
        known = of(atom)
        if known is not None and known != last and not atom.text.isspace():
            last = known
            yield max(place, start), known
        place += len(atom.text)


def split_atoms(sections: Iterable[Section], *, segment: int, count: Count) -> Iterator[Atom]:
    """Yield the atoms of ``sections`` for segments of ``segment`` tokens. Every character is counted at most twice."""
    largest = max(1, segment // _LARGEST)
    for section in sections:
        for text, grade in split_sentences(section.text):
            tokens = count(text)
            if tokens <= largest:
                yield Atom(text, tokens, grade, section.page, section.heading)
                continue
            pieces = _PIECES.findall(text)
            for number, piece in enumerate(pieces, start=1):
                after = grade if number == len(pieces) else Grade.WORD
                yield Atom(piece, count(piece), after, section.page, section.heading)


def split_sentences(text: str) -> Iterator[tuple[str, Grade]]:
    """Yield the sentences, lines and paragraphs that make up ``text``, each with the value of a cut after it."""
    start = 0
    for end in _ENDS.finditer(text):
        yield text[start : end.end()], Grade[str(end.lastgroup)]
        start = end.end()
    if start < len(text):
        yield text[start:], Grade.WORD


_SURROGATES = re.compile("[\ud800-\udfff]")
"""Lone surrogates, which have no UTF-8."""


def count_tokens(text: str) -> int:
    """Return how many tokens ``text`` has. Special ones count as plain text. The first call takes half a second."""
    return int(_encoding().count(_SURROGATES.sub("\ufffd", text)))


@cache
def _encoding() -> Any:
    return quicktok.get_encoding("o200k_base")
