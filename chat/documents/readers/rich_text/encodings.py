"""The tokens of rich text (RTF) and the code pages that its bytes are in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from mmap import mmap
from typing import NamedTuple

_TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?[0-9]{1,10})? ?|(?P<hex>(?:\\'[0-9a-fA-F]{2})+)|\\(?P<sign>.)"
    rb"|(?P<brace>[{}])|[\r\n]+|(?P<text>[^\\{}\r\n]+)",
    re.DOTALL,
)
_CODE_PAGES = {"0": "cp1252", "10000": "mac_roman", "65001": "utf-8", "42": "cp1252", "936": "gb18030"}
"""Of those whose codec is not named ``cp`` and the number."""

_CHARSETS = {
    **{77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "cp950", 161: "cp1253"},
    **{162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874"},
    **{238: "cp1250", 254: "cp437", 255: "cp850"},
}
"""By the ``\\fcharset`` of a font. The others are in the code page of the document."""


class Token(NamedTuple):
    """A control word with its number, a brace (both in ``word``), or text as ``content``."""

    word: str
    number: int | None = None
    content: bytes = b""
    is_plain: bool = False  # text that was not written as numbers, or a sign


def tokens(data: bytes | mmap) -> Iterator[Token]:
    """Yield the tokens of rich text, without the binary data in it."""
    at = 0
    while match := _TOKEN.match(data, at):
        at = match.end()
        kind = match.lastgroup
        if kind == "text":
            yield Token("", content=match[0], is_plain=True)
        elif kind == "hex":
            yield Token("", content=bytes.fromhex(match[0].replace(b"\\'", b"").decode()))
        elif kind == "sign" and match[0][1:] in b"{}":
            yield Token("", content=match[0][1:], is_plain=True)
        elif kind in ("brace", "sign"):
            yield Token(match[kind].decode("latin-1"), is_plain=kind == "sign")
        elif kind:
            number = match["number"]
            token = Token(match["word"].decode(), None if number is None else int(number))
            if token.word == "bin":
                at += max(token.number or 0, 0)
            else:
                yield token


def code_page(number: int | None) -> str:
    """Return the codec of a code page, that of Western Windows if it is unknown."""
    name = _CODE_PAGES.get(str(number), f"cp{number}")
    try:
        codecs.lookup(name)
    except LookupError:
        return "cp1252"
    return name


def charset(number: int | None) -> str | None:
    """Return the codec of a font by its character set; None for the codec of the document."""
    return _CHARSETS.get(number or 0)
