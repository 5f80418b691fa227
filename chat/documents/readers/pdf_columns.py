"""The reading order of pages in two columns.

Some programs write such pages line by line across both columns, and PDFium gives the text as it was written. Where that
is seen, the page is read again: band by band between what spans the page, in each band the left column, then the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

_MIN_JUMPS = 8
"""Lines that go on across the gap, before a page counts as written across."""

_MAX_RECTS = 20_000
_GAP = 8.0
"""Between columns, in points."""

_SAME_LINE = 3.0
"""The greatest distance of the feet of two pieces of one line, in points."""

_MOST_CROSSING = 0.15
"""The share of the pieces that may cross the gutter: titles and wide figures."""

_NARROWEST = 0.2
"""The share of the page's width. The median piece of a column is wider; that of a table's first column is not."""

_WIDEST_SEARCH = (0.3, 0.7)
"""The part of the page's width in which the gutter is looked for."""


class Piece(NamedTuple):
    """A rectangle of text, in points from the lower left corner."""

    left: float
    bottom: float
    right: float
    top: float


def text_in_columns(content: Any) -> str | None:
    """Return the text of a PDFium text page column by column, or None if its own order is right."""
    count = content.count_rects()
    if not 2 * _MIN_JUMPS <= count <= _MAX_RECTS:
        return None
    pieces = [Piece(*content.get_rect(index)) for index in range(count)]
    start, end = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    if _jumps(pieces, (start + end) / 2) < _MIN_JUMPS:
        return None
    gutter = _gutter(pieces, start, end)
    if gutter is None or _is_table(pieces, gutter, end - start):
        return None
    texts = (content.get_text_bounded(*box).strip() for box in _boxes(pieces, gutter))
    return "\n".join(filter(None, texts))


def _jumps(pieces: Sequence[Piece], middle: float) -> int:
    """Return how often the text goes on at the same height on the other side of a gap in the middle."""
    return sum(
        abs(here.bottom - there.bottom) < _SAME_LINE
        and there.left - here.right > _GAP
        and here.left < middle < there.right
        for here, there in pairwise(pieces)
    )


def _gutter(pieces: Sequence[Piece], start: float, end: float) -> float | None:
    """Return the place between the columns: the middle of those that the fewest pieces cross; None if there is none."""
    low, high = (start + share * (end - start) for share in _WIDEST_SEARCH)
    places = [low + step * (high - low) / 80 for step in range(81)]
    crossing = [sum(piece.left < place < piece.right for piece in pieces) for place in places]
    fewest = min(crossing)
    if fewest > _MOST_CROSSING * len(pieces):
        return None
    best = [place for place, count in zip(places, crossing, strict=True) if count == fewest]
    return best[len(best) // 2]


def _is_table(pieces: Sequence[Piece], gutter: float, width: float) -> bool:
    widths = sorted(piece.right - piece.left for piece in pieces if piece.right <= gutter)
    return not widths or widths[len(widths) // 2] < _NARROWEST * width


def _boxes(pieces: Sequence[Piece], gutter: float) -> list[Piece]:
    """Return the parts of the page in reading order: what spans both columns, and in between the left, the right."""
    start, end = min(piece.left for piece in pieces) - 1, max(piece.right for piece in pieces) + 1
    ceiling, ground = max(piece.top for piece in pieces) + 1, min(piece.bottom for piece in pieces) - 1
    boxes: list[Piece] = []
    across = [piece for piece in pieces if piece.left < gutter < piece.right]
    for piece in sorted(across, key=lambda piece: -piece.top):
        if (piece.bottom + piece.top) / 2 > ceiling:  # in the line of the one before
            continue
        floor = min(piece.top, ceiling)
        boxes += (Piece(start, floor, gutter, ceiling), Piece(gutter, floor, end, ceiling))
        boxes.append(Piece(start, piece.bottom, end, floor))
        ceiling = min(piece.bottom, ceiling)
    return [*boxes, Piece(start, ground, gutter, ceiling), Piece(gutter, ground, end, ceiling)]
