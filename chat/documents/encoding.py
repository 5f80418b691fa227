"""Text from bytes: detecting the encoding of a file, and its lines, however long. The readers of text call it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import charset_normalizer

from chat.documents.sections import Notice
from chat.errors import Unreadable

LINE_CHARACTERS = 1 << 16
"""Longer lines arrive in pieces."""

_BLOCK = 1 << 20
_SAMPLE = 1 << 16
_CONTROLS = bytes({*range(32)} - set(b"\t\n\v\f\r\x1b"))
_MOST_CONTROLS = 0.02
"""The share of a sample. Random bytes have a tenth, text none; a few zero bytes are forgiven."""

_MOST_BAD = 0.02
"""The share of a sample's non-ASCII characters that are no UTF-8, before it counts as another encoding."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec's name, and whether some bytes of the file are not in it."""

    name: str
    lossy: bool = False

    def notices(self) -> Iterator[Notice]:
        """Yield the notice about lost characters, if there are any."""
        if self.lossy:
            yield Notice("Some characters could not be decoded.")

    def open(self, path: Path) -> TextIO:
        """Open the file at ``path`` as text; line ends become ``\\n``, undecodable bytes U+FFFD."""
        return path.open(encoding=self.name, errors="replace")

    def lines(self, path: Path) -> Iterator[str]:
        """Yield the lines of the file, with their ends; those over ``LINE_CHARACTERS`` in pieces."""
        with self.open(path) as file:
            while line := file.readline(LINE_CHARACTERS):
                yield line


def detect(path: Path) -> Encoding:
    """Return the encoding of the file at ``path``. Raise ``Unreadable`` if it is not text.

    UTF-8 if that fits, or nearly does; UTF-16 and UTF-32 by their mark or their zero bytes; else what
    charset-normalizer makes of the bytes round the first that is not UTF-8.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    marked = next((name for mark, name in _BOMS if head.startswith(mark)), None) or _wide(head)
    if marked:
        return Encoding(marked)
    sample = head
    bad_at = _not_utf8_at(path)
    if bad_at is not None:
        with path.open("rb") as file:
            file.seek(max(0, bad_at - _SAMPLE // 2))
            sample = file.read(_SAMPLE)
    if _is_binary(head) or _is_binary(sample):
        raise Unreadable("The file is not a text file, though its name says so.")
    return Encoding("utf-8") if bad_at is None else _guess(sample)


def _wide(head: bytes) -> str | None:
    """Return the name of UTF-16 without a mark: of Latin text, every other byte is zero."""
    half = len(head) // 2
    if not half:
        return None
    if head[1::2].count(0) > 0.6 * half and head[::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if head[::2].count(0) > 0.6 * half and head[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    return None


def _is_binary(sample: bytes) -> bool:
    return len(sample) - len(sample.translate(None, _CONTROLS)) > _MOST_CONTROLS * len(sample)


def _not_utf8_at(path: Path) -> int | None:
    """Return the offset of the first byte that is not UTF-8, give or take a few; None if there is none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    read = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as reason:
                return read + reason.start
            read += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return read
    return None


def _guess(sample: bytes) -> Encoding:
    decoded = sample.decode("utf-8", "replace")
    beyond_ascii = sum(character > "\x7f" for character in decoded)
    if decoded.count("\ufffd") <= max(2, _MOST_BAD * beyond_ascii) and beyond_ascii > 2 * decoded.count("\ufffd"):
        return Encoding("utf-8", lossy=True)
    best = charset_normalizer.from_bytes(sample).best()
    if best is None:
        return Encoding("utf-8", lossy=True)
    return Encoding(best.encoding)
