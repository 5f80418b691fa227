"""The values of the PDF reader: rectangles on a page, and pieces of text in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle, in points from the lower left corner."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def height(self) -> float:
        """Return its height."""
        return self.top - self.bottom

    @property
    def width(self) -> float:
        """Return its width."""
        return self.right - self.left

    @property
    def middle(self) -> tuple[float, float]:
        """Return its middle, x and y."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def holds(self, x: float, y: float) -> bool:
        """Return whether the point is in it."""
        return self.left <= x <= self.right and self.bottom <= y <= self.top

    def meets(self, other: Box) -> bool:
        """Return whether they have a point in common."""
        across = self.left <= other.right and other.left <= self.right
        return across and self.bottom <= other.top and other.bottom <= self.top

    def is_beside(self, other: Box) -> bool:
        """Return whether they stand in one line: half of the lower one's height is common to both."""
        _, bottom, _, top = self
        _, bottom_, _, top_ = other
        overlap = (top if top < top_ else top_) - (bottom if bottom > bottom_ else bottom_)
        height, height_ = top - bottom, top_ - bottom_
        return overlap > 0.5 * (height if height < height_ else height_)

    def joined(self, other: Box) -> Box:
        """Return the least rectangle round both."""
        left, bottom, right, top = self
        left_, bottom_, right_, top_ = other
        return Box(
            left if left < left_ else left_,
            bottom if bottom < bottom_ else bottom_,
            right if right > right_ else right_,
            top if top > top_ else top_,
        )


@dataclass(slots=True)
class Piece:
    """Words in one line without a gap between them. ``hyphen``: it ends in a hyphen that may only split a word."""

    box: Box
    text: str
    hyphen: bool = False


_TURNS: dict[int, Callable[[float, float], tuple[float, float]]] = {
    2: lambda x, y: (-y, x),
    4: lambda x, y: (-x, -y),
    6: lambda x, y: (y, -x),
}
"""How places are turned when text is, by eighths of a full turn clockwise."""


def turned_box(box: Box, turn: int) -> Box:
    """Return ``box`` as it lies when the page is turned so that text of this direction is upright."""
    if turn not in _TURNS:
        return box
    (one_x, one_y), (two_x, two_y) = _TURNS[turn](box.left, box.bottom), _TURNS[turn](box.right, box.top)
    return Box(min(one_x, two_x), min(one_y, two_y), max(one_x, two_x), max(one_y, two_y))
