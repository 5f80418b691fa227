"""Text from bytes: detecting the encoding of a file, and its lines, however long. The readers of text call it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from chat.documents import charsets
from chat.documents.sections import Notice
from chat.errors import Unreadable

LINE_CHARACTERS = 1 << 16
"""Longer lines arrive in pieces."""

_BLOCK = 1 << 20
_SAMPLE = 1 << 16
_CONTROLS = bytes({*range(32)} - set(b"\b\t\n\v\f\r\x1b"))
_MOST_CONTROLS = 0.02
"""The share of a sample. Random bytes have a tenth, text none; a few zero bytes are forgiven."""

_FORGIVEN = 2

_MOST_BAD = 0.02
"""The share of a sample's non-ASCII characters that are no UTF-8, before it counts as another encoding."""

_LEAST_CERTAIN = 0.05
"""Of 4,092 texts of 25 languages, 23 of the 42 that were read wrongly are guessed with less, and 3 in 100 others."""

_ESCAPES = re.compile(rb"\x1b[$(][@-D]|\x1b\$\([@-D]")
"""The escapes of ISO-2022-JP, which is ASCII to the eye of a decoder."""

_DECLARED = re.compile(
    rb"""\A<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]+)|\A@charset "([\w.:-]+)"|\bcoding[:=]\s*([\w.-]+)"""
)
_DECLARED_IN = 500
"""What XML, style sheets and sources (PEP 263) say of themselves, and in how many bytes at their beginning."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec's name, whether some bytes of the file are not in it, and whether it is hardly more than a guess."""

    name: str
    lossy: bool = False
    doubtful: bool = False

    @property
    def is_wide(self) -> bool:
        """Return whether a character is two bytes or four, so that a byte alone says nothing."""
        return self.name.startswith(("utf-16", "utf-32"))

    def notices(self) -> Iterator[Notice]:
        """Yield the notices about characters that are lost or may be wrong, if there are any."""
        if self.lossy:
            yield Notice("Some characters could not be decoded.")
        if self.doubtful:
            yield Notice(
                f"The file does not say how its letters are encoded; they were read as {self.name}. "
                "If some are wrong, save it as UTF-8 and add it again."
            )

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

    UTF-8 if that fits, or nearly does; UTF-16 and UTF-32 by their mark, or UTF-16 by its bytes; else what the lines
    round the first byte that is not UTF-8 look like.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    marked = next((name for mark, name in _BOMS if head.startswith(mark)), None)
    if marked is None and _is_binary(head):
        marked = charsets.utf16_name(head)
    if marked:
        return Encoding(marked)
    sample = head
    bad_at = _not_utf8_at(path)
    if bad_at is not None:
        sample = _sample_at(path, bad_at)
    if _is_binary(head) or _is_binary(sample):
        raise Unreadable("The file is not a text file, though its name says so.")
    if bad_at is None and not _ESCAPES.search(head):
        return Encoding("utf-8")
    return _declared(head, sample) or _guess(sample)


def _declared(head: bytes, sample: bytes) -> Encoding | None:
    """Return the encoding that the ``head`` of a file names, if there is one and ``sample`` is in it."""
    match = _DECLARED.search(head[:_DECLARED_IN])
    name = charsets.meant_by(match[match.lastindex or 0].decode("ascii")) if match else None
    return Encoding(name) if name and charsets.could_be_meant(sample.decode(name, "replace")) else None


def _sample_at(path: Path, offset: int) -> bytes:
    """Return the lines of the file round ``offset`` that are not ASCII: they tell most of its encoding."""
    with path.open("rb") as file:
        file.seek(max(0, offset - _SAMPLE // 2))
        block = file.read(_BLOCK)
    lines = [line for line in block.splitlines(keepends=True) if not line.isascii()]
    if offset > _SAMPLE // 2:
        lines = lines[1:] or lines  # the first may begin in the middle of a character
    return b"".join(lines)[:_SAMPLE]


def _is_binary(sample: bytes) -> bool:
    return len(sample) - len(sample.translate(None, _CONTROLS)) > max(_FORGIVEN, _MOST_CONTROLS * len(sample))


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
    name, certainty = charsets.guess(sample)
    return Encoding(name, doubtful=certainty < _LEAST_CERTAIN)
