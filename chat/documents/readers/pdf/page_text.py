"""The text of a page: its lines as they are where the page is simple, and put in order where it is not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from chat.documents.readers.pdf import layout, prose
from chat.documents.readers.pdf.annotations import Annotation, read_annotations
from chat.documents.readers.pdf.boxes import Box, Piece, turned_box
from chat.documents.readers.pdf.glyphs import Glyphs, TextLine
from chat.documents.readers.pdf.visibility import HiddenText

_LEFTWARDS = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
"""Letters of Hebrew, Arabic and their like."""

_WIDE = 25
"""Characters in the usual line of a page that may have columns of running text."""


class PageText(NamedTuple):
    """The text of a page; whether some that nobody sees was left out."""

    text: str
    has_hidden: bool


def read_text(page: Any) -> PageText:
    """Return the text of a PDFium page in reading order, with the values of its form fields and with comments."""
    notes = list(read_annotations(page))
    hidden = HiddenText(page)
    content = page.get_textpage()
    try:
        glyphs = Glyphs(content, Box(*page.get_bbox()), hidden=hidden)
        if not notes and not hidden and _is_plain(glyphs):
            return PageText(prose.join([_whole(glyphs, line) for line in glyphs.lines]), has_hidden=False)
        text = _arranged(glyphs, notes)
        return PageText(text, hidden.was_found)
    finally:
        content.close()


def _is_plain(glyphs: Glyphs) -> bool:
    """Return whether PDFium's order needs no second look. This is quick, and so it is for most pages."""
    lines = glyphs.lines
    if not lines or len(lines) > layout.MAX_PIECES:
        return True
    if any(line.turn for line in lines) or not all(map(glyphs.is_inside, lines)):
        return False
    usual = median(line.box.height for line in lines)
    is_wide = median(line.end - line.start for line in lines) >= _WIDE
    # What was written as one part may have gaps all the same.
    inner = [gap for line in lines if line.start in glyphs.wide_lines for gap in _between(glyphs.pieces(line))]
    found = glyphs.gaps.boxes
    gaps = sorted([*found, *inner], key=lambda gap: -gap.top) if inner else found
    return layout.is_plain([line.box for line in lines], gaps, usual=usual, wide=is_wide)


def _between(pieces: Sequence[Piece]) -> Iterator[Box]:
    for before, here in pairwise(piece.box for piece in pieces):
        left, right = min(before.right, here.right), max(before.left, here.left)
        yield Box(left, min(before.bottom, here.bottom), right, max(before.top, here.top))


def _whole(glyphs: Glyphs, line: TextLine) -> Piece:
    return Piece(line.box, glyphs.text_of(line.start, line.end), glyphs.has_hyphen(line))


def _arranged(glyphs: Glyphs, notes: Sequence[Annotation]) -> str:
    straight = [piece for line in glyphs.lines if line.turn == glyphs.turn for piece in glyphs.pieces(line)]
    # What stands in another direction, such as a stamp up the margin, is no part of the columns.
    other = [piece for line in glyphs.lines if line.turn != glyphs.turn for piece in glyphs.pieces(line)]
    for note in notes:
        box = turned_box(note.box, glyphs.turn)
        straight.insert(_place_of(box, note.is_tick, straight), Piece(box, note.text))
    blocks = layout.in_order(straight, leftwards=_is_leftwards(glyphs.text))
    return "\n".join(filter(None, [*blocks, prose.join(other)]))


def _place_of(box: Box, is_tick: bool, pieces: Sequence[Piece]) -> int:
    """Return the place in the file's order for an annotation: by its label, which is left of it, or right of a tick."""
    if not pieces:
        return 0
    beside = [at for at, piece in enumerate(pieces) if piece.box.bottom < box.middle[1] < piece.box.top]
    left = [at for at in beside if pieces[at].box.right <= box.middle[0]]
    right = [at for at in beside if pieces[at].box.left >= box.middle[0]]
    if right and (is_tick or not left):
        return min(right, key=lambda at: pieces[at].box.left)
    if left:
        return max(left, key=lambda at: pieces[at].box.right) + 1
    above = [at for at, piece in enumerate(pieces) if piece.box.bottom >= box.middle[1]]
    return min(above, key=lambda at: pieces[at].box.bottom) + 1 if above else 0


def _is_leftwards(text: str) -> bool:
    """Return whether most letters of a text belong to scripts that run from right to left."""
    return not text.isascii() and 2 * len(_LEFTWARDS.findall(text)) > sum(map(str.isalpha, text))
