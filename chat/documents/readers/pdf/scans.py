"""Scanned pages: what a page that is a picture says, by RapidOCR if it is installed, whose weights are in its wheel."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from chat.documents.readers.pdf import layout
from chat.documents.readers.pdf.boxes import Box, Piece
from chat.documents.sections import Notice

LIMIT = "EVERTHREAD_OCR_PAGES"
"""The variable with the number of scanned pages that may be read of a file; none without it."""

_LONGEST_SIDE = 2000
"""Pixels, with which RapidOCR works: 170 to the inch on A4, enough for letters of 8 points."""

_NAMED_RANGES = 20
"""Of pages, in a notice."""


class Scans:
    """The scanned pages of one file."""

    def __init__(self) -> None:
        self._limit = int(os.environ.get(LIMIT, "0"))
        self._read: list[int] = []
        self._unread: list[int] = []
        self._without_text = 0

    def can_read(self) -> bool:
        """Return whether one more page may be read."""
        return len(self._read) + self._without_text < self._limit and is_installed()

    def read(self, page: Any, number: int) -> str:
        """Return what is written on a PDFium page, in reading order; ``""`` if nothing is.

        Takes 5 to 10 seconds of a processor's core and 1.1 GB of memory, however large the page is.
        """
        text = _recognize(page)
        if text:
            self._read.append(number)
        else:
            self._without_text += 1
            self._unread.append(number)
        return text

    def leave(self, number: int) -> None:
        """Note that the page with this number is not read."""
        self._unread.append(number)

    def notices(self, count: int) -> Iterator[Notice]:
        """Yield what people should know, of a file of ``count`` pages."""
        if self._read:
            verb = "is" if len(self._read) == 1 else "are"
            yield Notice(f"{_name(self._read)} {verb} scanned; what was recognized there may have mistakes.")
        if 0 < len(self._unread) < count:
            verb, looks = ("has", "It looks") if len(self._unread) == 1 else ("have", "They look")
            yield Notice(f"{_name(self._unread)} {verb} no text. {looks} scanned or made of pictures.")
        if self._limit and len(self._unread) > self._without_text:
            yield Notice(
                f"Of a file {self._limit} scanned pages are read at most."
                if is_installed()
                else "Scanned pages are read once an administrator has installed everthread[ocr]."
            )


def is_installed() -> bool:
    """Return whether there is what reads scanned pages."""
    return find_spec("rapidocr") is not None


def _name(pages: Sequence[int]) -> str:
    """Return ascending numbers as people write them: ``Pages 3, 7–9``."""
    if len(pages) == 1:
        return f"Page {pages[0]}"
    starts = [page for before, page in pairwise([0, *pages]) if page - 1 != before or page == 1]
    ends = [page for page, after in pairwise([*pages, 0]) if page + 1 != after]
    names = [str(start) if start == end else f"{start}–{end}" for start, end in zip(starts, ends, strict=True)]
    more = ["…"] if len(names) > _NAMED_RANGES else []
    return f"Pages {', '.join(names[:_NAMED_RANGES] + more)}"


def _recognize(page: Any) -> str:
    width, height = page.get_size()
    scale = _LONGEST_SIDE / max(width, height, 1)
    picture = page.render(scale=scale).to_numpy()
    if picture.min() == picture.max():
        return ""
    found = _engine()(picture)
    if not found.txts:
        return ""
    boxes = [_box(corners.tolist(), picture.shape[0]) for corners in found.boxes]
    return "\n\n".join(layout.in_order(list(map(Piece, boxes, found.txts))))


def _box(corners: Sequence[tuple[float, float]], height: float) -> Box:
    """Return the rectangle round four points, whose y is measured from the top of a picture of ``height``."""
    xs, ys = [x for x, _ in corners], [height - y for _, y in corners]
    return Box(min(xs), min(ys), max(xs), max(ys))


@cache
def _engine() -> Any:
    import cv2
    from rapidocr import RapidOCR

    cv2.setNumThreads(1)
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    return RapidOCR(params={"Global.log_level": "critical", **threads})
