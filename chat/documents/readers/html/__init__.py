"""Web pages: what a person sees of them, cut at headings.

visibility  leaves out what nobody sees, or what is no part of the content
words       puts in words what is shown by other means than text
columns     names the columns of long tables
rows        finds rows of tables that are to stay one line
tree        what is asked of elements
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from chat.documents import charsets, encoding
from chat.documents.errors import too_large
from chat.documents.readers.html.columns import name_columns
from chat.documents.readers.html.rows import find_parted_rows
from chat.documents.readers.html.tree import HEADINGS, is_inside, walk
from chat.documents.readers.html.visibility import remove_unseen
from chat.documents.readers.html.words import put_in_words
from chat.documents.sections import Notice, Section, as_paragraphs

MAX_BYTES = 20 << 20
"""A page of this size takes a second; deep nesting, whose cost is quadratic, meets the process's time limit."""

_HEADING = ",".join((*sorted(HEADINGS), "[role=heading]"))
_DRAWING = frozenset(("svg",))

_LINES = ("br", "dd", "dt", "li", "option", "summary", "tr")
_PARAGRAPHS = (
    *HEADINGS,
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "details", "div", "dl", "fieldset"),
    *("figcaption", "figure", "footer", "form", "header", "hr", "main", "ol", "p", "pre", "section", "table", "ul"),
)
_CELLS = ("td", "th")
_GAPS = dict.fromkeys(_LINES, "\n") | dict.fromkeys(_PARAGRAPHS, "\n\n")
"""The gap between the text of an element and that before and after it."""

_KEPT_LINE, _KEPT_SPACE = "\x1a", "\x19"
"""The spaces of preformatted text, while those of other text are put in order."""

_HEAD = 1 << 14
"""Where a page may say how it is encoded. Browsers look at 1,024 bytes, and begin anew when it comes later."""

_DECLARED = re.compile(rb"""<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,200}?encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.I)

_XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
_SELF_CLOSED = re.compile(r"<(title|script|style|textarea|iframe|noscript|template|a|div|p|span)(\s[^<>]*)?/>")


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the sections of the page at ``path``: text before the first heading under its title, then one a heading.

    Raise ``Unreadable`` if it is larger than 20 MB or binary.
    """
    if path.stat().st_size > MAX_BYTES:
        raise too_large(f"A web page may have up to {MAX_BYTES >> 20} MB")
    content, page_encoding = _decoded(path)
    yield from page_sections(content)
    yield from page_encoding.notices()


def page_sections(content: str) -> Iterator[Section]:
    """Yield the sections of a page, which may be part of something else. Raise ``Unreadable`` if it is too large."""
    if len(content) > MAX_BYTES:
        raise too_large(f"A web page may have up to {MAX_BYTES >> 20} MB")
    parser = LexborHTMLParser(_closed(content))
    title = next((node for node in parser.css("title") if not is_inside(node, _DRAWING)), None)
    remove_unseen(parser)
    headings = {node.mem_id: " ".join(node.text().split()) for node in parser.css(_HEADING)}
    put_in_words(parser)
    rows = find_parted_rows(parser)
    for node in reversed(parser.css("pre,textarea")):
        for line_break in node.css("br"):
            line_break.replace_with("\n")
        lines = node.text().strip("\n").replace("\n", _KEPT_LINE).replace(" ", _KEPT_SPACE)
        node.replace_with(f"{_KEPT_LINE}{lines}{_KEPT_LINE}")
    name_columns(parser)
    if parser.body is not None:
        heading = " ".join(title.text().split()) if title else ""
        yield from _SectionBuilder(heading, headings, rows).sections(parser.body)


def _decoded(path: Path) -> tuple[str, encoding.Encoding]:
    """Return the page, decoded as it declares if it can be, else as its bytes look, and the encoding.

    What is UTF-8 is that, whatever the page says; and of some names more is meant than they say.
    """
    content = path.read_bytes()
    if match := _DECLARED.search(content[:_HEAD]):
        meant = charsets.meant_by(match[1].decode("ascii"))
        names = filter(None, (meant,) if content.isascii() else ("utf-8", meant))
        for declared in map(encoding.Encoding, names):
            with suppress(LookupError, ValueError):
                return str(content, declared.name), declared
    detected = encoding.detect(path)
    return str(content, detected.name, "replace"), detected


def _closed(page: str) -> str:
    """Return a page of XHTML with ``<title/>`` and the like as HTML has them: there they would never end."""
    if _XHTML not in page[:2048]:
        return page
    return _SELF_CLOSED.sub(r"<\1\2></\1>", page)


class _SectionBuilder:
    """Collects the lines of a page into sections. ``rows``: the ``mem_id`` of rows that are one line each."""

    def __init__(self, heading: str, headings: dict[int, str], rows: set[int]) -> None:
        self._heading = heading
        self._headings = headings
        self._rows = rows
        self._lines: list[str] = []
        self._parts: list[str] = []
        self._gap = ""

    def sections(self, root: LexborNode) -> Iterator[Section]:
        """Yield the sections below ``root`` that have text."""
        parts = self._parts
        row: int | None = None
        for node, begins in walk(root):
            tag = node.tag or ""
            if tag == "-text":
                parts.append(node.text_content or "")
                continue
            if row is not None and node.mem_id != row:
                parts.append(" | " if begins and tag in _CELLS else " " if tag in _GAPS else "")
                continue
            if gap := _GAPS.get(tag):
                self._end_line(gap)
            row = node.mem_id if begins and tag == "tr" and node.mem_id in self._rows else None
            if begins:
                if tag in _CELLS:
                    parts.append(" | ")
                elif heading := self._headings.get(node.mem_id):
                    yield from self._end_section(heading)
        yield from self._end_section("")

    def _end_line(self, gap: str) -> None:
        line = " ".join("".join(self._parts).split()).removeprefix("| ") if self._parts else ""
        self._parts.clear()
        if line and line != "|":
            self._lines += (self._gap, line)
            self._gap = gap
        else:
            self._gap = max(self._gap, gap, key=len)

    def _end_section(self, following: str) -> Iterator[Section]:
        self._end_line("\n\n")
        text = as_paragraphs(
            "".join(self._lines)
            .replace("\xad", "")
            .replace(f"\n{_KEPT_LINE}", "\n")
            .replace(_KEPT_LINE, "\n")
            .replace(_KEPT_SPACE, " ")
        )
        if text:
            yield Section(None, self._heading, text)
        self._heading = following
        self._lines.clear()
