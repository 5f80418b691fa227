"""Web pages: the main text, cut at its headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from chat.documents import charsets, encoding
from chat.documents.errors import too_large
from chat.documents.readers.file_names import is_file_name
from chat.documents.sections import Notice, Section, as_paragraphs

MAX_BYTES = 20 << 20
"""A page of this size takes a second; deep nesting, whose cost is quadratic, meets the process's time limit."""

_LEFT_OUT = (
    "script,style,noscript,template,iframe,object,canvas,nav,dialog,select,rp,[hidden],[aria-hidden=true],"
    "[role=navigation],[role=contentinfo],[style*='display:none' i],[style*='display: none' i]"
)
_AROUND = "footer,aside"  # of a page; that of an article belongs to it
_CONTENT = frozenset(("main", "article"))
_FILLED_IN = "input:not([type]),input[type=text],input[type=number],input[type=date],input[type=email],input[type=tel]"
_LEAST_SHARE = 0.5
"""Of the words of a page, for its marked content: a smaller one is a box for a search, or the like."""

_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_LINES = ("br", "dd", "dt", "li", "option", "summary", "tr")
_PARAGRAPHS = (
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "details", "div", "dl", "fieldset"),
    *("figcaption", "figure", "footer", "form", "header", "hr", "main", "ol", "p", "pre", "section", "table", "ul"),
)
_GAPS = dict.fromkeys(_LINES, "\n") | dict.fromkeys((*_PARAGRAPHS, *_HEADINGS), "\n\n")
"""The gap between the text of an element and the text before it."""

_KEPT_LINE, _KEPT_SPACE = "\x1a", "\x19"
"""The spaces of preformatted text, while those of other text are put in order."""

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
    parser = LexborHTMLParser(content)
    title = parser.css_first("title")
    heading = " ".join(title.text().split()) if title else ""
    _leave_out(parser)
    _put_in_words(parser)
    for node in parser.css("pre"):
        node.replace_with(node.text().replace("\n", _KEPT_LINE).replace(" ", _KEPT_SPACE) + _KEPT_LINE)
    for root in _roots(parser):
        sections = list(_SectionBuilder(heading).sections(root))
        if sections:
            yield from sections
            break
    yield from page_encoding.notices()


def _leave_out(parser: LexborHTMLParser) -> None:
    """Remove what is hidden or no part of the content."""
    for node in parser.css(_LEFT_OUT):
        node.decompose()
    for node in parser.css(_AROUND):
        if not _is_inside(node, _CONTENT):
            node.decompose()
    for node in parser.css("button"):
        # One that opens an answer is its question.
        if not (node.attributes.keys() & {"aria-expanded", "aria-controls"} or _is_inside(node, _HEADINGS)):
            node.decompose()
    headings = len(parser.css("h1"))
    for node in parser.css("[role=banner]"):
        if not 0 < len(node.css("h1")) == headings:  # the page's only title may stand there
            node.decompose()


def _put_in_words(parser: LexborHTMLParser) -> None:
    """Replace what is shown by other means than text: pictures, filled fields, addresses, words above words."""
    for node in parser.css("svg"):
        node.replace_with(" ".join(text.text() for text in node.css("text")))
    for node in parser.css("img[alt]"):
        words = " ".join((node.attributes["alt"] or "").split())
        node.replace_with(f" [Picture: {words}] " if words and not is_file_name(words) else " ")
    for node in parser.css("rt"):
        node.replace_with(f"({node.text().strip()})")
    for node in parser.css(_FILLED_IN):
        node.replace_with(f" {node.attributes.get('value') or ''} ")
    for node in parser.css("a[href^='http:'],a[href^='https:'],a[href^='mailto:']"):
        address = (node.attributes["href"] or "").removeprefix("mailto:")
        if (words := node.text().strip()) and address.rstrip("/") not in words:
            node.insert_after(f" ({address})")


def _is_inside(node: LexborNode, tags: frozenset[str]) -> bool:
    parent = node.parent
    while parent is not None and parent.tag not in tags:
        parent = parent.parent
    return parent is not None


def _decoded(path: Path) -> tuple[str, encoding.Encoding]:
    """Return the page, decoded as it declares if it can be, else as its bytes look, and the encoding.

    What is UTF-8 is that, whatever the page says; and of some names more is meant than they say.
    """
    content = path.read_bytes()
    if match := _DECLARED.search(content[:1024]):
        meant = charsets.meant_by(match[1].decode("ascii"))
        names = filter(None, (meant,) if content.isascii() else ("utf-8", meant))
        for declared in map(encoding.Encoding, names):
            with suppress(LookupError, ValueError):
                return _closed(str(content, declared.name)), declared
    detected = encoding.detect(path)
    return _closed(str(content, detected.name, "replace")), detected


def _closed(page: str) -> str:
    """Return a page of XHTML with ``<title/>`` and the like as HTML has them: there they would never end."""
    if _XHTML not in page[:2048]:
        return page
    return _SELF_CLOSED.sub(r"<\1\2></\1>", page)


def _roots(parser: LexborHTMLParser) -> Iterator[LexborNode]:
    """Yield where the text may be: the one element that the page marks as its content, else the body."""
    if parser.body is None:
        return
    least = _LEAST_SHARE * len(parser.body.text().split())
    for selector in ("main,[role=main]", "article"):
        marked = parser.css(selector)
        if len(marked) == 1 and len(marked[0].text().split()) >= least:
            yield marked[0]
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
