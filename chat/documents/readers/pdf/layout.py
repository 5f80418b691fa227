"""The reading order of a page, from the places of its pieces of text.

The order in which the file has them is mostly right and is kept, but where pieces stand side by side: there the page is
cut into bands, from top to bottom, each with gutters that nothing crosses. A band of running text is read column by
column, any other one is a table, a form or a list and is read row by row. What the file has out of order between bands,
such as a title written last, is put in order. This is geometry; nothing here knows PDFium.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import pairwise
from statistics import median

from chat.documents.readers.pdf import columns, prose
from chat.documents.readers.pdf.boxes import Box, Piece

MAX_PIECES = 4_000
"""More are a drawing: the file's order is kept."""

_GUTTER = 0.7
"""The narrowest gutter, as a share of the usual height of a piece: columns are often a letter's width apart."""

_SHORT_BAND = 3
_SHORT_BANDS_GUTTER = 1.5
"""The narrowest gutter of up to three rows: in so few, wide spaces may stand one below the other by chance."""

_CLOSING_SPACE = 4.0
"""The height of the empty space that ends a band, as a share of the usual height."""

_TOUCHING = 0.3
"""The share of the usual height by which the boxes of neighbouring lines may overlap."""

_LOOKED_BACK = 12
"""Of the pieces of a band, among which the lowest is looked for, and of gaps."""

_PLAIN_TOPS = 2
"""Of the second and third column of a page: more are cells of a table."""

_DEPTH = 4
"""Of columns in columns."""

Span = tuple[float, float]


def is_plain(lines: Sequence[Box], gaps: Sequence[Box], *, usual: float, wide: bool) -> bool:
    """Return whether a page needs no second look.

    ``lines`` and the ``gaps`` in them are in the file's order; most lines are as high as ``usual``. Such a page has no
    line that goes on above or beside the one before, but for the tops of two more columns if its lines are ``wide``,
    and no gaps one above the other.
    """
    tops = 0
    for before, here in pairwise(lines):
        if here.bottom >= before.top:
            if not wide or (here.left < before.right and before.left < here.right):
                return False
            tops += 1
        elif here.left > before.left and before.is_beside(here):
            return False
    latest: deque[Box] = deque(maxlen=_LOOKED_BACK)
    for gap in gaps:
        if any(_is_gutter(gap, other, usual) for other in latest):
            return False
        latest.append(gap)
    return tops <= _PLAIN_TOPS


def _is_gutter(one: Box, other: Box, usual: float) -> bool:
    """Return whether a gap is continued by one in a line nearby."""
    is_below = max(one.bottom, other.bottom) > min(one.top, other.top) - _TOUCHING * usual
    is_near = max(one.bottom, other.bottom) - min(one.top, other.top) < _CLOSING_SPACE * usual
    return is_below and is_near and min(one.right, other.right) - max(one.left, other.left) > _GUTTER * usual


def in_order(pieces: Sequence[Piece], *, leftwards: bool = False) -> list[str]:
    """Return the text in blocks in reading order, from ``pieces`` in the file's order.

    ``leftwards``: the first column is the one on the right.
    """
    if len(pieces) > MAX_PIECES:
        return [prose.join(pieces)]
    usual = median(piece.box.height for piece in pieces) if pieces else 1.0
    return list(_Page(pieces, usual, leftwards).blocks(range(len(pieces)), _DEPTH))


class _Page:
    """The pieces of a page; methods speak of them by their places in the file's order."""

    def __init__(self, pieces: Sequence[Piece], usual: float, leftwards: bool) -> None:
        self.pieces = pieces
        self.boxes = [piece.box for piece in pieces]
        self.usual = usual
        self.leftwards = leftwards

    def blocks(self, places: Iterable[int], depth: int) -> Iterator[str]:
        """Yield the blocks of these pieces in reading order."""
        for parts in self._bands(list(places)):
            if len(parts) < 2:
                yield self._plain(parts[0])
            elif depth and columns.is_running_text([[(place, self.pieces[place]) for place in part] for part in parts]):
                for part in reversed(parts) if self.leftwards else parts:
                    yield from self.blocks(part, depth - 1)
            else:
                cells = sorted((place, number) for number, part in enumerate(parts) for place in part)
                found = columns.rows(
                    [(number, self.pieces[place]) for place, number in cells], leftwards=self.leftwards
                )
                yield "\n".join(found)

    def _bands(self, places: list[int]) -> Iterator[list[list[int]]]:
        """Yield bands from top to bottom, each as its columns from left to right, one or more."""
        beside = self._beside(places)
        plain: list[int] = []
        band: list[int] = []
        spans: list[Span] = []
        order: list[int | None] = [*sorted(places, key=lambda place: -self.boxes[place].top), None]
        for place in order:
            wider: list[Span] = []
            if band and place is not None and self._is_near(band, place):
                # A piece whose neighbour crosses the gutters belongs to what follows, such as a heading's number.
                crossing = self._widened(spans, [place, *beside.get(place, ())])
                wider = self._widened(spans, [place]) if len(crossing) > 1 else []
            if len(wider) < 2:
                if columns_ := self._columns(band, spans):
                    if plain:
                        yield [plain]
                    yield from self._without_ends(columns_)
                    plain = []
                else:
                    plain += band
                band = []
                wider = [] if place is None else self._widened([], [place, *beside.get(place, ())])
            if place is not None:
                (band if len(wider) > 1 else plain).append(place)
            spans = wider
        if plain:
            yield [plain]

    def _without_ends(self, parts: list[list[int]]) -> Iterator[list[list[int]]]:
        """Yield a band; if only its first or last line has gutters, that line alone and bands of the rest.

        Such a line is one at the head or foot of the page, with a number at its side.
        """
        side = {place for part in parts if part is not max(parts, key=len) for place in part}
        lines = self._lines(place for part in parts for place in part)
        head = lines[0] if side & set(lines[0]) else []
        foot = lines[-1] if side & set(lines[-1]) else []
        rest = sorted({place for part in parts for place in part}.difference(head, foot))
        if not rest or not side <= {*head, *foot}:
            yield parts
            return
        if head:
            yield [head]
        yield from self._bands(rest)
        if foot:
            yield [foot]

    def _is_near(self, band: Sequence[int], place: int) -> bool:
        ground = min(self.boxes[other].bottom for other in band[-_LOOKED_BACK:])
        return ground - self.boxes[place].top < _CLOSING_SPACE * self.usual

    def _widened(self, spans: list[Span], places: Iterable[int]) -> list[Span]:
        for place in places:
            spans = _with_span(spans, (self.boxes[place].left, self.boxes[place].right), self.usual * _GUTTER)
        return spans

    def _columns(self, band: Sequence[int], spans: Sequence[Span]) -> list[list[int]]:
        """Return the columns of a band, none if it is only a line or two with wide spaces."""
        if len(band) < 2:
            return []
        parts = [[place for place in band if span[0] <= self.boxes[place].left <= span[1]] for span in spans]
        filled = [(span, part) for span, part in zip(spans, parts, strict=True) if part]
        rows = len(self._lines(band))
        if len(filled) < 2 or rows < 2:
            return []
        widest = max(after[0] - before[1] for (before, _), (after, _) in pairwise(filled))
        return [part for _, part in filled] if rows > _SHORT_BAND or widest > _SHORT_BANDS_GUTTER * self.usual else []

    def _lines(self, places: Iterable[int]) -> list[list[int]]:
        """Return pieces that stand beside each other together, from top to bottom."""
        lines: list[list[int]] = []
        for place in sorted(places, key=lambda place: -self.boxes[place].top):
            if lines and self.boxes[lines[-1][0]].is_beside(self.boxes[place]):
                lines[-1].append(place)
            else:
                lines.append([place])
        return lines

    def _beside(self, places: list[int]) -> dict[int, list[int]]:
        """Return for each piece those that stand beside it and begin no higher."""
        found: dict[int, list[int]] = {}
        active: list[int] = []
        for place in sorted(places, key=lambda place: -self.boxes[place].top):
            active = [other for other in active if self.boxes[other].bottom < self.boxes[place].top]
            for other in active:
                if self.boxes[place].is_beside(self.boxes[other]):
                    found.setdefault(other, []).append(place)
            active.append(place)
        return found

    def _plain(self, places: list[int]) -> str:
        """Return lines in the file's order, but parts of it that lie one above the other from top to bottom."""
        runs: list[list[int]] = []
        for place in sorted(places):
            if not runs or self.boxes[place].bottom >= self.boxes[runs[-1][-1]].top:
                runs.append([])
            runs[-1].append(place)
        ordered: list[tuple[Box, list[int]]] = []
        for run in runs:
            box = reduce(Box.joined, (self.boxes[place] for place in run))
            ordered.insert(self._place_among(ordered, box), (box, run))
        runs = [run for _, run in ordered]
        return prose.join(columns.lines([self.pieces[place] for run in runs for place in run]))

    def _place_among(self, runs: Sequence[tuple[Box, list[int]]], box: Box) -> int:
        """Return where a run goes among those before it in the file: before the last ones that lie below it."""
        found = len(runs)
        for at in range(len(runs) - 1, -1, -1):
            other = runs[at][0]
            if other.right < box.left or box.right < other.left:  # in the margin or so
                continue
            if other.top > box.bottom + _TOUCHING * self.usual:
                break
            found = at
        return found


def _with_span(spans: list[Span], new: Span, gutter: float) -> list[Span]:
    """Return the disjoint intervals ``spans`` with one more; those less than ``gutter`` apart become one."""
    left, right = new
    result: list[Span] = []
    for span in spans:
        if span[1] + gutter > left and span[0] - gutter < right:
            left, right = min(left, span[0]), max(right, span[1])
        else:
            result.append(span)
    result.append((left, right))
    result.sort()
    return result
