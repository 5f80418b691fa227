"""The characters of a page and their places, as PDFium has them. Calls to it are few: each costs as much as a line.

Places are in points. They are turned so that most of the page's text runs from left to right, its first line on top.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from ctypes import byref, c_double
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby
from math import pi
from statistics import median
from typing import Any

from pypdfium2 import raw

from chat.documents.readers.pdf.boxes import Box, Piece, turned_box
from chat.documents.readers.pdf.gaps import Gaps
from chat.documents.readers.pdf.visibility import HiddenText

_LINE = re.compile("[^\r\n\x02\ufffe]*[^\\s\x02\ufffe][^\r\n\x02\ufffe]*[\x02\ufffe]?|[\x02\ufffe]")
HYPHENS = ("\x02", "\ufffe")
"""PDFium's signs for a hyphen at the end of a line. The line break that follows is left out."""

_WORD = re.compile(r"[^\s\x02\ufffe]+")
_MAY_BE_RAISED = re.compile(r"(?<!\S)(?=\S*[0-9])[^\s\x02\ufffe]{2,60}")
_RAISED = re.compile("[-−–+]?[0-9]+")

_WORD_GAP = 1.0
"""The widest space within a piece, as a share of its height. The spaces of justified text are narrower."""

_RAISED_BY = (0.15, 0.9)
"""How far the foot of an exponent or a footnote mark is above that of its neighbour, as a share of its height."""


@dataclass(slots=True)
class TextLine:
    """A line as PDFium has it, which goes on across gaps: the place in the text, the box, the eighth of a full turn."""

    start: int
    end: int
    box: Box
    turn: int


_MAX_GAPS = 500
_MAX_COMPARISONS = 1_000_000
"""Of lines with gaps. On pages with more, which are drawings, the words of all lines are looked at."""

Span = tuple[int, int]
"""From one place in the text to another."""

_WIDE_LINE = 1.3
"""How much wider for its letters than most a line is that may have a gap in it."""

_HIGH = 2.0
"""Lines that are so much higher than a letter are looked at closer."""

_SMALLER = 0.95
"""The height of an exponent or mark, as a share of its neighbour's, is less than this."""

_CLOSING = ")]}.,;:!?%°’”»\"'"


class Glyphs:
    """The characters of one text page of PDFium. The page must stay open."""

    def __init__(self, content: Any, bounds: Box, *, hidden: HiddenText | None = None) -> None:
        count = content.count_chars()
        self.content = content.raw
        self.text: str = content.get_text_range() if count else ""
        # PDFium counts units of UTF-16. It leaves some characters out of the text, on few pages.
        self._same_numbers = len(self.text) == count
        self._units = [] if self._same_numbers else _utf16_places(self.text)
        self._has_all = self._same_numbers or self._units[-1] == count
        self._rect = raw.FS_RECTF()
        self._rect_at = byref(self._rect)
        self._bounds = bounds
        self._hidden = hidden
        self._pieces: dict[int, list[Piece]] = {}

    def number(self, place: int) -> int:
        """Return PDFium's number of the character at ``place`` in the text."""
        if self._same_numbers:
            return place
        unit = self._units[place]
        return unit if self._has_all else raw.FPDFText_GetCharIndexFromTextIndex(self.content, unit)

    @cached_property
    def lines(self) -> list[TextLine]:
        """PDFium's lines, in its order. Their boxes are not turned."""
        found: list[TextLine] = []
        for match in _LINE.finditer(self.text):
            start, end = match.span()
            while self.text[start].isspace():
                start += 1
            while end > start + 1 and (self.text[end - 1].isspace() or self.text[end - 1] in HYPHENS):
                end -= 1
            line = TextLine(start, end, self._straight_box(start, end - 1), self._turn(start))
            found += self._by_direction(line) if line.box.height > _HIGH * self._height(start) else [line]
        return found

    def _turn(self, place: int) -> int:
        angle = float(raw.FPDFText_GetCharAngle(self.content, self.number(place)))
        return round(angle / (pi / 4)) % 8

    def _by_direction(self, line: TextLine) -> Iterator[TextLine]:
        """Yield the parts of a line that run in one direction: PDFium takes turned text for a part of another line."""
        words = [(self._turn(match.start()), match.span()) for match in _WORD.finditer(self.text, line.start, line.end)]
        for turn, group in groupby(words, key=lambda word: word[0]):
            spans = [span for _, span in group]
            start, end = spans[0][0], spans[-1][1]
            yield TextLine(start, end, self._straight_box(start, end - 1), turn)

    @cached_property
    def turn(self) -> int:
        """The direction of most text, in eighths of a full turn clockwise."""
        lengths = dict.fromkeys(range(8), 0)
        for line in self.lines:
            lengths[line.turn] += line.end - line.start
        return max(lengths, key=lambda turn: lengths[turn])

    def pieces(self, line: TextLine) -> list[Piece]:
        """Return the pieces of a line, turned; without what is not seen."""
        if line.start not in self._pieces:
            is_whole = not (self._hidden or line.turn or self.has_gap(line)) and self.is_inside(line)
            self._pieces[line.start] = [self._whole(line)] if is_whole else list(self._split(line))
        return self._pieces[line.start]

    def _whole(self, line: TextLine) -> Piece:
        return Piece(turned_box(line.box, self.turn), self.text_of(line.start, line.end), self.has_hyphen(line))

    def _split(self, line: TextLine) -> Iterator[Piece]:
        is_known = len(self.gaps.boxes) <= _MAX_GAPS and line.start not in self.wide_lines
        is_simple = is_known and not (self._hidden or line.turn) and self.is_inside(line)
        spans = [match.span() for match in _WORD.finditer(self.text, line.start, line.end)]
        boxes = (self._cut_at_gaps(line, spans) if is_simple else None) or self._grouped(line, spans)
        for (start, end), box in boxes:
            yield Piece(turned_box(box, self.turn), self.text_of(start, end), end == line.end and self.has_hyphen(line))

    def _cut_at_gaps(self, line: TextLine, words: Sequence[Span]) -> list[tuple[Span, Box]] | None:
        """Return the pieces of a line whose gaps are known; None if its words are not in order from left to right."""
        # A few looks for each gap instead of two for each word.
        found: list[tuple[Span, Box]] = []
        first = 0
        middles = sorted(gap.middle[0] for gap in self.gaps.at(line.box))
        for middle in [*middles, None]:
            after = len(words) if middle is None else self._first_word_from(middle, words, first)
            if after == first:
                continue
            start, end = words[first][0], words[after - 1][1]
            box = self._straight_box(start, end - 1)
            if found and box.left < found[-1][1].right:
                return None
            found.append(((start, end), box))
            first = after
        return found

    def _first_word_from(self, x: float, words: Sequence[Span], first: int) -> int:
        return bisect_left(words, x, first, key=lambda word: self._straight_box(word[0], word[0]).left)

    def _grouped(self, line: TextLine, spans: Sequence[Span]) -> Iterator[tuple[Span, Box]]:
        """Yield the words of a line that are not apart, together, with their boxes; without what is not seen."""
        words = [(start, end, self._straight_box(start, end - 1)) for start, end in spans]
        if self._hidden or not self.is_inside(line):
            words = [word for word in words if self._is_seen(word[0], word[2])]
        at = 0
        while at < len(words):
            start, end, box = words[at]
            last = turned_box(box, self.turn)
            at += 1
            while at < len(words) and _continues(last, after := turned_box(words[at][2], self.turn)):
                _, end, here = words[at]
                box, last = box.joined(here), after
                at += 1
            yield (start, end), box

    def _is_seen(self, place: int, box: Box) -> bool:
        return box.meets(self._bounds) and not (
            self._hidden and self._hidden.holds(self.content, self.number(place), box)
        )

    def has_hyphen(self, line: TextLine) -> bool:
        """Return whether a hyphen follows that may only split a word."""
        return self.text[line.end : line.end + 1] in HYPHENS

    def is_inside(self, line: TextLine) -> bool:
        """Return whether the whole line is on the page."""
        left, bottom, right, top = line.box
        middle = (bottom + top) / 2
        return self._bounds.holds(left, middle) and self._bounds.holds(right, middle)

    def text_of(self, start: int, end: int) -> str:
        """Return the text from ``start`` to ``end``, with exponents and footnote marks apart: ``10^6``, ``word^1``."""
        text = self.text[start:end]
        if self.turn or not any(map(str.isdigit, text)):
            return text
        parts, done = [], start
        for match in _MAY_BE_RAISED.finditer(self.text, start, end):
            parts += [self.text[done : match.start()], self._with_exponents(*match.span())]
            done = match.end()
        return "".join([*parts, self.text[done:end]])

    def _with_exponents(self, start: int, end: int) -> str:
        word = self.text[start:end]
        parts, done = [], 0
        for match in _RAISED.finditer(word):
            first, last = match.span()
            base, at = max(first - 1, 0), last
            while at > base + 1 and self._is_raised(start + at - 1, start + base):
                at -= 1
            if at < last:
                parts += [word[done:at], "^"]
                done = at
            elif first == 0 and last < len(word) and self._is_raised(start, start + last):  # a note's own mark
                parts += [word[:last], " "]
                done = last
        return "".join([*parts, word[done:]])

    def _is_raised(self, place: int, base: int) -> bool:
        if not (self.text[base].isalnum() or self.text[base] in _CLOSING):
            return False
        height = self._height(base)
        rise = self._foot(place) - self._foot(base)
        return _RAISED_BY[0] * height < rise < _RAISED_BY[1] * height and self._height(place) < _SMALLER * height

    def _foot(self, place: int) -> float:
        x, y = c_double(), c_double()
        raw.FPDFText_GetCharOrigin(self.content, self.number(place), byref(x), byref(y))
        return y.value

    def _height(self, place: int) -> float:
        raw.FPDFText_GetLooseCharBox(self.content, self.number(place), self._rect_at)
        return float(self._rect.top - self._rect.bottom)

    def _straight_box(self, first: int, last: int) -> Box:
        rect = self._rect
        raw.FPDFText_GetLooseCharBox(self.content, self.number(first), self._rect_at)
        box = Box(rect.left, rect.bottom, rect.right, rect.top)
        if last == first:
            return box
        raw.FPDFText_GetLooseCharBox(self.content, self.number(last), self._rect_at)
        return box.joined(Box(rect.left, rect.bottom, rect.right, rect.top))

    @cached_property
    def gaps(self) -> Gaps:
        """The wide spaces in the lines of the page."""
        return Gaps(self.content)

    @cached_property
    def wide_lines(self) -> set[int]:
        """The starts of lines that are wider for their letters than most, as what was written with gaps in it."""
        shares = {
            line.start: (line.box.right - line.box.left) / (line.end - line.start) / (line.box.height or 1)
            for line in self.lines
        }
        widest = _WIDE_LINE * median(shares.values())
        return {start for start, share in shares.items() if share > widest}

    def has_gap(self, line: TextLine) -> bool:
        """Return whether there may be a gap in a line."""
        if line.start in self.wide_lines or len(self.lines) * len(self.gaps.boxes) > _MAX_COMPARISONS:
            return True
        return any(self.gaps.at(line.box))


def _utf16_places(text: str) -> list[int]:
    """Return where each character begins in UTF-16, and last its length, both in units."""
    return list(accumulate((1 + (character > "\uffff") for character in text), initial=0))


def _continues(box: Box, after: Box) -> bool:
    left, bottom, right, top = box
    left_after, bottom_after, right_after, top_after = after
    height = min(top - bottom, top_after - bottom_after)
    gap = left_after - right if left_after > left else left - right_after
    return gap < _WORD_GAP * height and min(top, top_after) - max(bottom, bottom_after) > height / 3
