"""Wide spaces between the parts in which the lines of a page were written."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from ctypes import byref, c_double
from itertools import pairwise
from statistics import median
from typing import Any

from pypdfium2 import raw

from chat.documents.readers.pdf.boxes import Box


class Gaps:
    """The gaps of a text page of PDFium. ``boxes``: their places, not turned, in the file's order."""

    def __init__(self, content: Any) -> None:
        self.boxes = list(_between(_rects(content)))
        self._from_below = sorted(self.boxes, key=lambda box: box.bottom)
        self._bottoms = [box.bottom for box in self._from_below]
        self._highest = max((box.height for box in self.boxes), default=0.0)

    def at(self, place: Box) -> Iterator[Box]:
        """Yield the gaps that meet ``place``."""
        first = bisect_left(self._bottoms, place.bottom - self._highest)
        for box in self._from_below[first : bisect_right(self._bottoms, place.top)]:
            if box.meets(place):
                yield box


def _between(rects: Sequence[Box]) -> Iterator[Box]:
    usual = median(rect.height for rect in rects) if rects else 1.0
    for (left, bottom, right, top), (left_after, bottom_after, right_after, top_after) in pairwise(rects):
        start, end = (right, left_after) if left_after > right else (right_after, left)
        if end - start > usual and top > bottom_after and top_after > bottom:
            yield Box(start, min(bottom, bottom_after), end, max(top, top_after))


def _rects(content: Any) -> list[Box]:
    left, top, right, bottom = values = [c_double() for _ in range(4)]
    places = [byref(value) for value in values]
    found = []
    for index in range(raw.FPDFText_CountRects(content, 0, -1)):
        raw.FPDFText_GetRect(content, index, *places)
        found.append(Box(left.value, bottom.value, right.value, top.value))
    return found
