"""Web pages: the main text, cut at its headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from chat.documents import encoding
from chat.documents.errors import too_large
from chat.documents.sections import Notice, Section, as_paragraphs

MAX_BYTES = 20 << 20
"""A page of this size takes a second; deep nesting, whose cost is quadratic, meets the process's time limit."""

_LEFT_OUT = (
    "script,style,noscript,template,svg,iframe,object,canvas,nav,footer,aside,dialog,select,button,"
    "[hidden],[role=navigation],[role=contentinfo],[role=banner]"
)
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_LINES = ("br", "dd", "dt", "li", "option", "summary", "tr")
_PARAGRAPHS = (
    *("address", "article", "blockquote", "body", "caption", "center", "details", "div", "dl", "fieldset"),
    *("figcaption", "figure", "form", "header", "hr", "main", "ol", "p", "pre", "section", "table", "ul"),
)
_GAPS = dict.fromkeys(_LINES, "\n") | dict.fromkeys((*_PARAGRAPHS, *_HEADINGS), "\n\n")
"""The gap between the text of an element and the text before it."""

_KEPT_LINE, _KEPT_SPACE = "\x1a", "\x19"
"""The spaces of preformatted text, while those of other text are put in order."""

_DECLARED = re.compile(rb"""<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,200}?encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.I)


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the sections of the page at ``path``: text before the first heading under its title, then one a heading.

    Raise ``Unreadable`` if it is larger than 20 MB or binary.
    """
    if path.stat().st_size > MAX_BYTES:
        raise too_large(f"A web page may have up to {MAX_BYTES >> 20} MB")
    content, page_encoding = _decoded(path)
    parser = LexborHTMLParser(content)
    title = parser.css_first("title")
    heading = " ".join(title.text().split()) if title else ""
    for node in parser.css(_LEFT_OUT):
        node.decompose()
    for node in parser.css("pre"):
        node.replace_with(node.text().replace("\n", _KEPT_LINE).replace(" ", _KEPT_SPACE) + _KEPT_LINE)
    for root in _roots(parser):
        sections = list(_SectionBuilder(heading).sections(root))
        if sections:
            yield from sections
            break
    yield from page_encoding.notices()


def _decoded(path: Path) -> tuple[str, encoding.Encoding]:
    """Return the page, decoded as it declares if it can be, else as its bytes look, and the encoding."""
    content = path.read_bytes()
    if match := _DECLARED.search(content[:1024]):
        declared = encoding.Encoding(match[1].decode("ascii"))
        try:
            return str(content, declared.name), declared
        except (LookupError, ValueError):
            pass
    detected = encoding.detect(path)
    return str(content, detected.name, "replace"), detected


def _roots(parser: LexborHTMLParser) -> Iterator[LexborNode]:
    """Yield where the text may be: the one element that the page marks as its content, else the body."""
    for selector in ("main,[role=main]", "article"):
        marked = parser.css(selector)
        if len(marked) == 1:
            yield marked[0]
    if parser.body:
        yield parser.body


class _SectionBuilder:
    """Collects the lines of a page into sections."""

    def __init__(self, heading: str) -> None:
        self._heading = heading
        self._lines: list[str] = []
        self._parts: list[str] = []
        self._gap = ""

    def sections(self, root: LexborNode) -> Iterator[Section]:
        """Yield the sections below ``root`` that have text."""
        parts = self._parts
        for node in root.traverse(include_text=True):
            tag = node.tag
            if tag == "-text":
                text = node.text_content or ""
                if not text.isspace() and (gap := _gap_before(node)):
                    self._end_line(gap)
                parts.append(text)
            elif gap := _GAPS.get(tag or ""):
                self._end_line(gap)
                if tag in _HEADINGS and (heading := " ".join(node.text().split())):
                    yield from self._end_section(heading)
            elif tag in ("td", "th"):
                parts.append(" | ")
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
        text = as_paragraphs("".join(self._lines).replace(_KEPT_LINE, "\n").replace(_KEPT_SPACE, " "))
        if text:
            yield Section(None, self._heading, text)
        self._heading = following
        self._lines.clear()


def _gap_before(text: LexborNode) -> str | None:
    """Return the gap between ``text`` and the element that has just ended."""
    before = text.prev
    return None if before is None else _GAPS.get(before.tag or "")
