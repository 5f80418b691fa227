"""Text that nobody sees: white on nothing, transparent, or printed without ink.

The text of a scan, which programs for reading scans put over the picture without ink, is no such text: where a picture,
a coloured area or the like lies, text counts as seen. This is judged by the objects of the page, without drawing it.
"""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import addressof, byref, c_float, c_int, c_uint
from typing import Any, NamedTuple

from pypdfium2 import raw

from chat.documents.readers.pdf.boxes import Box

_MAX_OBJECTS = 50_000
"""More are not looked at: the rest of the text counts as seen."""

_MAX_PAINTED = 500
"""Of coloured areas and pictures: on drawings with more, all text counts as seen."""

_MAX_DEPTH = 4
"""Of objects in objects."""

_STAMP_CHARACTERS = 100
_WHOLE_PAGE = 0.75
"""The share of a page that the picture of a scan covers at least."""

_WHITE = 0xF5
"""All parts of a colour from here on: nobody sees it on white paper."""

_FILLED = (raw.FPDF_TEXTRENDERMODE_FILL, raw.FPDF_TEXTRENDERMODE_FILL_CLIP)
_WITHOUT_INK = (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)

Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)


class _Placed(NamedTuple):
    """An object of a page, its type, and the matrix from its coordinates to those of the page."""

    handle: Any
    type: int
    matrix: Matrix


class HiddenText:
    """The text objects of a page that are seen only on something.

    ``was_found``: some of the text that was asked for is not seen.
    """

    def __init__(self, page: Any) -> None:
        self.was_found = False
        self._page = page
        self._placed = list(_objects(page))
        texts = [placed.handle for placed in self._placed if placed.type == raw.FPDF_PAGEOBJ_TEXT]
        faint = {_address(handle): _has_ink(handle) for handle in texts if _is_faint(handle)}
        if len(faint) == len(texts):  # the text of a scan, with or without its picture
            faint = {address: has_ink for address, has_ink in faint.items() if has_ink}
        self._painted = [_bounds(placed) for placed in self._placed if _is_painted(placed)] if faint else []
        self._faint = faint.keys() if len(self._painted) <= _MAX_PAINTED else {}.keys()

    def __bool__(self) -> bool:
        return bool(self._faint)

    def holds(self, content: Any, number: int, box: Box) -> bool:
        """Return whether the character with this number, in ``box`` on the text page ``content``, is not seen."""
        handle = raw.FPDFText_GetTextObject(content, number)
        if not handle or _address(handle) not in self._faint:
            return False
        is_seen = any(painted.holds(*box.middle) for painted in self._painted)
        self.was_found |= not is_seen
        return not is_seen


def is_empty(page: Any) -> bool:
    """Return whether a page has nothing on it. One without text that is not empty looks scanned."""
    return int(raw.FPDFPage_CountObjects(page)) == 0


def is_scan(page: Any, text: str) -> bool:
    """Return whether a page with this ``text`` looks scanned: it has none, or a stamp on a picture of all of it."""
    if len(text) > _STAMP_CHARACTERS or is_empty(page):
        return False
    width, height = page.get_size()
    pictures = (_bounds(placed) for placed in _objects(page) if placed.type == raw.FPDF_PAGEOBJ_IMAGE)
    return not text or any(box.height * box.width > _WHOLE_PAGE * width * height for box in pictures)


def _objects(page: Any) -> Iterator[_Placed]:
    get, count = raw.FPDFPage_GetObject, raw.FPDFPage_CountObjects(page)
    waiting = [(get, page, count, _IDENTITY, 0)]
    found = 0
    while waiting:
        get, parent, count, matrix, depth = waiting.pop()
        for index in range(min(count, _MAX_OBJECTS - found)):
            handle = get(parent, index)
            kind = raw.FPDFPageObj_GetType(handle)
            found += 1
            yield _Placed(handle, kind, matrix)
            if kind == raw.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
                count_inside = raw.FPDFFormObj_CountObjects(handle)
                inside = _product(_matrix(handle), matrix)
                waiting.append((raw.FPDFFormObj_GetObject, handle, count_inside, inside, depth + 1))


def _address(handle: Any) -> int:
    return addressof(handle.contents)


def _is_faint(handle: Any) -> bool:
    mode = raw.FPDFTextObj_GetTextRenderMode(handle)
    if mode not in _FILLED:
        return mode in _WITHOUT_INK
    red, _, _, alpha = fill = _fill(handle)
    return alpha == 0 or (red >= _WHITE and min(fill) >= _WHITE)


def _has_ink(handle: Any) -> bool:
    return raw.FPDFTextObj_GetTextRenderMode(handle) not in _WITHOUT_INK


def _is_painted(placed: _Placed) -> bool:
    """Return whether an object covers its rectangle with anything but white."""
    if placed.type == raw.FPDF_PAGEOBJ_PATH:
        mode, stroke = c_int(), c_int()
        raw.FPDFPath_GetDrawMode(placed.handle, byref(mode), byref(stroke))
        red, green, blue, alpha = _fill(placed.handle)
        return mode.value != raw.FPDF_FILLMODE_NONE and alpha > 0 and min(red, green, blue) < _WHITE
    return placed.type in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_SHADING)


_PARTS = [c_uint() for _ in range(4)]
_PARTS_AT = [byref(part) for part in _PARTS]
"""Where PDFium writes colours. Making these for each object costs more than the call."""


def _fill(handle: Any) -> tuple[int, int, int, int]:
    """Return the colour that fills an object: red, green, blue and alpha, up to 255."""
    if not raw.FPDFPageObj_GetFillColor(handle, *_PARTS_AT):
        return (0, 0, 0, 255)  # a pattern
    red, green, blue, alpha = _PARTS
    return red.value, green.value, blue.value, alpha.value


def _bounds(placed: _Placed) -> Box:
    """Return the rectangle of an object on the page."""
    sides = [c_float() for _ in range(4)]
    raw.FPDFPageObj_GetBounds(placed.handle, *map(byref, sides))
    left, bottom, right, top = (side.value for side in sides)
    a, b, c, d, e, f = placed.matrix
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
    across, up = zip(*corners, strict=True)
    return Box(min(across), min(up), max(across), max(up))


def _matrix(handle: Any) -> Matrix:
    matrix = raw.FS_MATRIX(*_IDENTITY)
    raw.FPDFPageObj_GetMatrix(handle, byref(matrix))
    return (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)


def _product(one: Matrix, other: Matrix) -> Matrix:
    """Return the matrix that does first ``one``, then ``other``."""
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)
