"""Markdown: its text, cut at its headings, with the addresses of its links at the links and without HTML's tags.

Each row of a long table names its columns.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType

from chat.documents import encoding
from chat.documents.readers.markdown.columns import name_columns
from chat.documents.readers.text import Marked, split_by_heading
from chat.documents.sections import Notice, Section

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?P<title>\S.*)")
_CLOSING = re.compile(r"[ \t]+#+[ \t]*$")
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*\s*")
_LIST = re.compile(r" {0,3}(?:[>|<]|[-*+][ \t]|\d{1,9}[.)][ \t])")
"""What begins a list, a quotation, a table or HTML: the lines after it, up to a blank one, are no headings."""

_APART = re.compile(r" {0,3}(?:#|(?:[-*_][ \t]*){3,}\s*$)| {4}|\t|\s*$")
"""A heading, a rule, indented code or a blank line: these end a paragraph."""
_HEADING_LINES = 5
"""The most lines of a heading that is underlined."""

_FRONT_MATTER = re.compile(r"(---|\+\+\+)\s*")
_FRONT_MATTER_LINES = 200
_TITLE = re.compile(r"""title\s*[:=]\s*["']?(.*?)["']?\s*""")

_DEFINITION = re.compile(r" {0,3}\[([^\]\n]{1,200})\]:[ \t]*<?([^\s>]{1,500})>?")
_MOST_DEFINITIONS = 10_000
_REFERENCE = re.compile(r"\[([^\[\]\n]{1,500})\]\[([^\[\]\n]{0,200})\]")

_TAGS = (
    "a|abbr|b|blockquote|br|center|cite|code|dd|del|details|div|dl|dt|em|figcaption|figure|font|h[1-6]|hr|i|ins|kbd|li|mark"
    "|ol|p|picture|pre|s|samp|section|small|source|span|strong|sub|summary|sup|table|tbody|td|th|thead|tr|tt|u|ul|var"
)
_TAG = re.compile(rf"</?({_TAGS})(?:\s[^<>]{{0,1000}})?/?>", re.IGNORECASE)
_TAG_HEADING = re.compile(r" {0,3}<h([1-6])(?:\s[^<>]{0,1000})?>(.{1,500}?)</h\1>\s*", re.IGNORECASE)
_PICTURE = re.compile(r"""<img\s(?:[^<>]{0,1000}\s)?alt=["']([^"'<>]{0,500})["'][^<>]{0,1000}>""", re.IGNORECASE)
_LINK = re.compile(
    r"""<a\s(?:[^<>]{0,500}\s)?href=["']([^"'<>]{1,500})["'][^<>]{0,500}>(.{1,500}?)</a>""", re.IGNORECASE
)
_COMMENT = re.compile("<!--.{0,500}?-->")
_HTML_BLOCK = re.compile(r" {0,3}</?[a-zA-Z]")
_INDENTED = ("    ", "\t")
_PUT_IN = {"td": " | ", "th": " | ", "br": " "}

NO_ADDRESSES: Mapping[str, str] = MappingProxyType({})


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the sections of the file at ``path``. Raise ``Unreadable`` if it is binary."""
    detected = encoding.detect(path)
    addresses = _definitions(detected.lines(path))
    front, title, lines = _front_matter(detected.lines(path))
    yield from split_by_heading(chain(front, marked_lines(lines, addresses)), title)
    yield from detected.notices()


def marked_lines(lines: Iterable[str], addresses: Mapping[str, str] = NO_ADDRESSES) -> Iterator[Marked]:
    """Yield lines of Markdown as they are shown, with the headings that they are. ``addresses`` are those of labels."""
    yield from _with_headings(name_columns(_shown(lines, addresses)))


def _definitions(lines: Iterable[str]) -> dict[str, str]:
    """Return the addresses that the text gives apart from its links, by their labels: ``[label]: address``."""
    matches = (match for line in lines if line.lstrip()[:1] == "[" and (match := _DEFINITION.match(line)))
    return {match[1].casefold(): match[2] for match in islice(matches, _MOST_DEFINITIONS)}


def _front_matter(lines: Iterator[str]) -> tuple[list[Marked], str, Iterator[str]]:
    """Return what stands before the text, the title that it gives, and the lines of the text."""
    first = next(lines, "")
    if not _FRONT_MATTER.fullmatch(first):
        return [], "", chain([first], lines)
    front: list[Marked] = [(first, None)]
    title = ""
    for line in islice(lines, _FRONT_MATTER_LINES):
        front.append((line, None))
        if line.strip() in (first.strip(), "..."):
            break
        if match := _TITLE.fullmatch(line):
            title = match[1]
    return front, title, lines


def _shown(lines: Iterable[str], addresses: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """Yield lines as they are shown, and whether they are code, which stays as it is."""
    fence = ""
    in_html = False
    for line in lines:
        if mark := _FENCE.match(line):
            if not fence:
                fence = mark["fence"]
            elif mark["fence"].startswith(fence) and not line[mark.end() :].strip():
                fence = ""
            yield line, True
            continue
        in_html = bool(line.strip()) and (in_html or _HTML_BLOCK.match(line) is not None)
        is_code = bool(fence) or (line.startswith(_INDENTED) and not in_html)
        yield line if is_code or "`" in line else _without_markup(line, addresses), is_code


def _without_markup(line: str, addresses: Mapping[str, str]) -> str:
    """Return ``line`` without HTML's tags, with its letters as letters, and the addresses of its links in it."""
    if "<" in line:
        if heading := _TAG_HEADING.fullmatch(line):
            line = f"{'#' * int(heading[1])} {heading[2]}\n"
        line = _LINK.sub(r"[\2](\1)", _PICTURE.sub(r" [Picture: \1] ", _COMMENT.sub("", line)))
        line = _TAG.sub(lambda tag: "" if tag[0][1] == "/" else _PUT_IN.get(tag[1].lower(), ""), line)
    if "&" in line:
        line = html.unescape(line)
    if "][" in line:
        line = _REFERENCE.sub(lambda link: _with_address(link, addresses), line)
    return line


def _with_address(link: re.Match[str], addresses: Mapping[str, str]) -> str:
    address = addresses.get((link[2] or link[1]).casefold())
    return f"[{link[1]}]({address})" if address else link[0]


def _with_headings(lines: Iterable[tuple[str, bool]]) -> Iterator[Marked]:
    """Yield lines with the headings that begin at them: after ``#``, or underlined with ``=`` or ``-``."""
    paragraph: list[str] = []  # which a line below may yet make a heading
    is_text = False  # of a list or the like, or too long for a heading
    for line, is_code in lines:
        if paragraph and not is_code and _UNDERLINE.fullmatch(line):
            yield paragraph[0], " ".join(" ".join(paragraph).split())
            yield from ((other, None) for other in (*paragraph[1:], line))
            paragraph = []
            continue
        is_apart = is_code or _APART.match(line) is not None
        is_text = not is_apart and (is_text or _LIST.match(line) is not None or len(paragraph) == _HEADING_LINES)
        if is_apart or is_text:
            yield from ((other, None) for other in paragraph)
            paragraph = []
            yield line, None if is_code else _heading_of(line)
        else:
            paragraph.append(line)
    yield from ((other, None) for other in paragraph)


def _heading_of(line: str) -> str | None:
    match = _HEADING.match(line)
    return _CLOSING.sub("", match["title"].rstrip()) if match else None
