"""Rich text (RTF) as paragraphs, cells and rows: groups, destinations, control words.

Hidden and deleted text is left out. What stands beside the text follows its paragraph: notes, comments, text boxes,
descriptions of pictures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field
from mmap import mmap
from typing import Literal

from chat.documents.errors import broken
from chat.documents.formats import FileKind
from chat.documents.readers.file_names import is_file_name
from chat.documents.readers.rich_text import encodings

_MOST_NESTED = 1000
_HEADINGS = 9  # levels
_CHARACTERS = {
    **{"emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”"},
    **{"tab": "\t", "line": "\n", "emspace": " ", "enspace": " ", "qmspace": " ", "nestcell": " | ", "nestrow": "\n"},
    **{"\\": "\\", "~": "\xa0", "_": "-", "softline": "\n", "column": "\n", "cell": " | ", "row": "\n"},
    **dict.fromkeys(("par", "sect", "page", "\n", "\r"), "\n"),
}
"""What a control word or sign stands for, where it does not end a block."""

_SYMBOLS = {"\uf0b7": "•", "\uf0a7": "▪", "\uf0a8": "☐", "\uf0fe": "☑", "\uf0fc": "✓", "\uf0e0": "→"}
"""Of Word's fonts of symbols."""

_PARAGRAPH_ENDS = frozenset(("par", "sect", "page", "\n", "\r"))
_SKIPPED = frozenset(
    (
        *("aftncn", "aftnsep", "aftnsepc", "colortbl", "filetbl", "ftncn", "ftnsep", "ftnsepc", "info", "mmathPict"),
        *("nonesttables", "nonshppict", "pict", "private", "rxe", "shprslt", "tc", "txe", "upr", "xe"),
    )
)
"""Destinations whose text is no part of the document, besides unknown ones that are marked as optional."""

_TRANSPARENT = frozenset(("shpinst", "shpgrp", "moMath", "moMathPara", "shppict"))
"""Destinations that are optional and have text for us."""

_MARGINS = {
    **dict.fromkeys(("header", "headerl", "headerr", "headerf"), "Page header"),
    **dict.fromkeys(("footer", "footerl", "footerr", "footerf"), "Page footer"),
}
_ADDRESS = re.compile(r'HYPERLINK\s+"([^"]+)"')


@dataclass(frozen=True, slots=True)
class RichTextBlock:
    """The end of a paragraph, cell or row. ``merged`` has for each cell of a row whether it continues another one."""

    kind: Literal["paragraph", "cell", "row"]
    text: str = ""
    is_heading: bool = False
    in_table: bool = False
    beside: tuple[str, ...] = ()
    merged: tuple[Literal["", "left", "above"], ...] = ()


@dataclass(slots=True)
class _Group:
    """What holds from a word to the end of its group."""

    output: list[str] | None  # where its text goes; None: nowhere
    finish: Callable[[str], None] | None = None  # what becomes of its own output
    font: int | None = None
    fallback: int = 1  # characters that stand after one in Unicode, for those who cannot read it
    is_hidden: bool = False
    is_style: bool = False  # describes one
    in_table: bool = False
    style: int | None = None
    level: int = _HEADINGS
    address: list[str] = field(default_factory=list)  # of the field


class Parser:
    """Reads one document. ``margins`` are the headers and footers of its pages, complete once the blocks are read."""

    def __init__(self) -> None:
        self.margins: dict[str, None] = {}
        self._body: list[str] = []
        self._group = _Group(self._body)
        self._outer: list[_Group] = []
        self._bytes = bytearray()
        self._skip = 0  # characters
        self._is_optional = False
        self._code_page = "cp1252"
        self._fonts: dict[int | None, str] = {}
        self._default_font: int | None = None
        self._heading_styles: set[int | None] = set()
        self._author = self._property = ""
        self._beside: list[str] = []
        self._merged: list[Literal["", "left", "above"]] = []
        self._next_merged: Literal["", "left", "above"] = ""

    def blocks(self, data: bytes | mmap) -> Iterator[RichTextBlock]:
        """Yield the blocks of the document. Raise ``Unreadable`` if its groups are nested without end."""
        for token in encodings.tokens(data):
            if token.content:
                self._add_bytes(token)
                continue
            self._flush()
            skipped, self._skip = self._skip > 0 and token.is_plain, 0
            if skipped:
                continue
            if (block := self._ending(token.word)) is not None:
                yield block
            else:
                self._obey(token.word, token.number)
        self._flush()
        yield self._paragraph()

    def _add_bytes(self, token: encodings.Token) -> None:
        content = token.content[self._skip :]
        self._skip = max(0, self._skip - len(token.content))
        if token.is_plain and not content.isascii():
            try:
                text = content.decode()  # some programs write UTF-8, whatever the document declares
            except UnicodeDecodeError:
                pass
            else:
                self._flush()
                self._write(text)
                return
        self._bytes += content

    def _flush(self) -> None:
        """Write the bytes so far, in the encoding of the font."""
        if self._bytes:
            font = self._default_font if self._group.font is None else self._group.font
            self._write(self._bytes.decode(self._fonts.get(font, self._code_page), "replace"))
            self._bytes.clear()

    def _write(self, text: str) -> None:
        if self._group.output is not None and not self._group.is_hidden:
            self._group.output.append(text)

    def _ending(self, word: str) -> RichTextBlock | None:
        """Return the block that ``word`` ends; None if it ends none in the body."""
        if self._group.output is not self._body:
            return None
        if word == "row":
            return RichTextBlock("row", merged=tuple(self._merged), beside=self._taken_beside())
        if word == "cell":
            return RichTextBlock("cell", self._taken())
        return self._paragraph() if word in _PARAGRAPH_ENDS else None

    def _paragraph(self) -> RichTextBlock:
        group = self._group
        beside = () if group.in_table else self._taken_beside()
        is_heading = group.level < _HEADINGS or group.style in self._heading_styles
        return RichTextBlock("paragraph", self._taken(), is_heading, group.in_table, beside)

    def _taken(self) -> str:
        text = _joined(self._body)
        self._body.clear()
        return text

    def _taken_beside(self) -> tuple[str, ...]:
        texts = tuple(self._beside)
        self._beside.clear()
        return texts

    def _obey(self, word: str, number: int | None) -> None:
        is_optional, self._is_optional = self._is_optional, word == "*"
        if word in _CHARACTERS:
            self._write(_CHARACTERS[word])
        elif obey := _WORDS.get(word):
            obey(self, number)
        elif word in _DESTINATIONS:
            if self._group.output is not None or word in ("sn", "sv"):  # properties of pictures, which are skipped
                self._begin(_DESTINATIONS[word])
        elif word in _MARGINS:
            self._begin(lambda parser, text: parser.add_margin(_MARGINS[word], text))
        elif word in _SKIPPED or (is_optional and word not in _TRANSPARENT and word != "*"):
            self._group.output = None

    def _begin(self, destination: Callable[[Parser, str], None]) -> None:
        """Let the rest of the group be collected for ``destination``."""
        self._group.output = []
        self._group.is_hidden = False
        self._group.finish = lambda text: destination(self, text)

    def open_group(self, _: int | None) -> None:
        if len(self._outer) == _MOST_NESTED:
            raise broken(FileKind.RICH_TEXT.label)
        self._outer.append(self._group)
        self._group = copy(self._group)
        self._group.finish = None

    def close_group(self, _: int | None) -> None:
        ended = self._group
        if self._outer:
            self._group = self._outer.pop()
        if ended.is_style and ended.output is not None:
            self._add_style(ended, _joined(ended.output).casefold())
            ended.output.clear()
        if ended.finish is not None:
            ended.finish(_joined(ended.output or ()))

    def write_unicode(self, number: int | None) -> None:
        character = chr((number or 0) % 0x10000)
        self._write(_SYMBOLS.get(character, character))
        self._skip = self._group.fallback

    def set_fallback(self, number: int | None) -> None:
        self._group.fallback = min(max(number or 0, 0), 100)

    def set_code_page(self, number: int | None) -> None:
        self._code_page = encodings.code_page(number)

    def set_default_font(self, number: int | None) -> None:
        self._default_font = number

    def set_font(self, number: int | None) -> None:
        self._group.font = number

    def set_charset(self, number: int | None) -> None:
        if codec := encodings.charset(number):
            self._fonts[self._group.font] = codec

    def set_hidden(self, number: int | None) -> None:
        self._group.is_hidden = number != 0

    def show(self, _: int | None) -> None:
        self._group.is_hidden = False

    def reset_paragraph(self, _: int | None) -> None:
        self._group.in_table, self._group.style, self._group.level = False, None, _HEADINGS

    def set_in_table(self, _: int | None) -> None:
        self._group.in_table = True

    def set_style(self, number: int | None) -> None:
        self._group.style = number

    def set_level(self, number: int | None) -> None:
        self._group.level = _HEADINGS if number is None else number

    def begin_row(self, _: int | None) -> None:
        self._merged.clear()
        self._next_merged = ""

    def merge_left(self, _: int | None) -> None:
        self._next_merged = "left"

    def merge_above(self, _: int | None) -> None:
        self._next_merged = "above"

    def end_cell_definition(self, _: int | None) -> None:
        self._merged.append(self._next_merged)
        self._next_merged = ""

    def begin_field(self, _: int | None) -> None:
        self._group.address = []

    def begin_fonts(self, _: int | None) -> None:
        self._group.output = None

    def begin_styles(self, _: int | None) -> None:
        self._group.output = []
        self._group.is_style = True

    def _add_style(self, group: _Group, name: str) -> None:
        if group.level < _HEADINGS or name.startswith(("heading ", "title;")):
            self._heading_styles.add(group.style)

    def add_note(self, text: str) -> None:
        self._add_beside(f"[Footnote: {_line(text)}]", text)

    def add_comment(self, text: str) -> None:
        by = f" by {self._author}" if self._author else ""
        self._add_beside(f"[Comment{by}: {_line(text)}]", text)
        self._author = ""

    def set_author(self, text: str) -> None:
        self._author = _line(text)

    def add_box(self, text: str) -> None:
        self._add_beside(text.strip(), text)

    def set_property(self, text: str) -> None:
        self._property = text.strip()

    def add_property(self, text: str) -> None:
        if self._property == "wzDescription" and not is_file_name(_line(text)):
            self._add_beside(f"[Picture: {_line(text)}]", text)

    def set_address(self, text: str) -> None:
        self._group.address += _ADDRESS.findall(text)

    def add_result(self, text: str) -> None:
        address = next(iter(self._group.address), "").removeprefix("mailto:")
        is_shown = not address or address.rstrip("/") in text
        self._write(text if is_shown else f"{text} ({address})")

    def _add_beside(self, shown: str, text: str) -> None:
        if text.strip():
            self._beside.append(shown)

    def add_margin(self, name: str, text: str) -> None:
        if any(map(str.isalpha, text)):
            self.margins.setdefault(f"[{name}: {_line(text)}]")


def _joined(parts: Iterable[str]) -> str:
    """Return ``parts`` as one text; two halves of a character, each of which was a number, are one."""
    return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _line(text: str) -> str:
    return " ".join(text.split())


_WORDS: dict[str, Callable[[Parser, int | None], None]] = {
    "{": Parser.open_group,
    "}": Parser.close_group,
    "u": Parser.write_unicode,
    "uc": Parser.set_fallback,
    "ansicpg": Parser.set_code_page,
    "mac": lambda parser, _: parser.set_code_page(10000),
    "pc": lambda parser, _: parser.set_code_page(437),
    "pca": lambda parser, _: parser.set_code_page(850),
    "deff": Parser.set_default_font,
    "f": Parser.set_font,
    "fcharset": Parser.set_charset,
    "fonttbl": Parser.begin_fonts,
    "stylesheet": Parser.begin_styles,
    "v": Parser.set_hidden,
    "deleted": Parser.set_hidden,
    "plain": Parser.show,
    "pard": Parser.reset_paragraph,
    "intbl": Parser.set_in_table,
    "s": Parser.set_style,
    "outlinelevel": Parser.set_level,
    "trowd": Parser.begin_row,
    "clmrg": Parser.merge_left,
    "clvmrg": Parser.merge_above,
    "cellx": Parser.end_cell_definition,
    "field": Parser.begin_field,
}
_DESTINATIONS: dict[str, Callable[[Parser, str], None]] = {
    "footnote": Parser.add_note,
    "annotation": Parser.add_comment,
    "atnauthor": Parser.set_author,
    "shptxt": Parser.add_box,
    "sn": Parser.set_property,
    "sv": Parser.add_property,
    "fldinst": Parser.set_address,
    "fldrslt": Parser.add_result,
}
