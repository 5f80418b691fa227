"""Plain text, JSON, XML and source code: the text as it is, without headings; form feeds end pages.

Letters that JSON and XML write as numbers are letters; what terminals and printers are told is left out. XML is not
parsed, so nothing in it is ever fetched, and a word that it declares is put in only if it is short and no riddle.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from chat.documents import encoding
from chat.documents.sections import Notice, Section

_SECTION_CHARACTERS = 1 << 14
_BLOCK = 1 << 20

_ESCAPE = re.compile(r"\\(?:u((?!00[01])[0-9a-fA-F]{4})|.)")
"""An escape of JSON; its group is the number of a letter."""

_TERMINAL = re.compile("\x1b\\[[0-9;?]*[A-Za-z]|.\b")
"""Colours of terminals, and what printers print over: ``N\\bN`` is a bold N, ``_\\bx`` an underlined x."""

_XML = re.compile(r"\s*<(?:\?xml\s|!DOCTYPE\s|!--|[A-Za-z_][\w.:-]*[\s/>])")
_ENTITY = re.compile(r"""<!ENTITY\s+([\w.-]+)\s+(?:"([^"&%<]{0,100})"|'([^'&%<]{0,100})')\s*>""")
_MOST_ENTITIES = 1000
_REFERENCE = re.compile(r"<!ENTITY[^>]{0,500}>|&(#?[\w.-]{1,40});")
"""A reference to a letter or a word; its group is the name. In declarations they stay: they may be a bomb."""

_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")

Marked = tuple[str, str | None]
"""A line, and the heading that begins with it, if one does."""


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the text of the file at ``path``. Raise ``Unreadable`` if it is binary."""
    detected = encoding.detect(path)
    lines = map(_without_overprint, detected.lines(path))
    first = next(lines, "")
    decode = _decoder(first)
    sections = split_by_heading((decode(line), None) for line in chain(filter(None, [first]), lines))
    if not detected.is_wide and _has_form_feed(path):
        yield from _as_pages(sections)
    else:
        yield from sections
    yield from detected.notices()


def split_by_heading(lines: Iterable[Marked], heading: str = "") -> Iterator[Section]:
    """Yield ``lines`` as sections that begin at headings, none much longer than 16,000 characters or one line.

    ``heading`` is that of the lines before the first one.
    """
    pending: list[str] = []
    size = 0
    for line, next_heading in lines:
        if pending and (next_heading or size > _SECTION_CHARACTERS):
            yield Section(None, heading, "".join(pending))
            pending, size = [], 0
        heading = next_heading or heading
        pending.append(line)
        size += len(line)
    if pending:
        yield Section(None, heading, "".join(pending))


def _has_form_feed(path: Path) -> bool:
    with path.open("rb") as file:
        return any(b"\f" in block for block in iter(lambda: file.read(_BLOCK), b""))


def _as_pages(sections: Iterable[Section]) -> Iterator[Section]:
    """Yield ``sections`` cut at form feeds, with the numbers of their pages."""
    page = 1
    for section in sections:
        first, *others = section.text.split("\f")
        yield Section(page, "", first + "\n" if others else first)
        for number, text in enumerate(others, page + 1):
            if text:
                yield Section(number, "", text + "\n" if number < page + len(others) else text)
        page += len(others)


def _without_overprint(line: str) -> str:
    return _TERMINAL.sub("", line) if "\b" in line or "\x1b" in line else line


def _decoder(first: str) -> Callable[[str], str]:
    """Return what makes text of a line of a file whose first line is ``first``."""
    if first.lstrip()[:1] in ("{", "["):
        return _decode_escapes
    return _xml_decoder() if _XML.match(first) else str


def _xml_decoder() -> Callable[[str], str]:
    words: dict[str, str] = {}

    def word(reference: re.Match[str]) -> str:
        return words.get(reference[1]) or html.unescape(reference[0]) if reference[1] else reference[0]

    def decode(line: str) -> str:
        for name, quoted, apostrophed in _ENTITY.findall(line) if "<!ENTITY" in line else ():
            if len(words) < _MOST_ENTITIES:
                words[name] = quoted or apostrophed
        return _CDATA.sub("", _REFERENCE.sub(word, line))

    return decode


def _decode_escapes(line: str) -> str:
    """Return a line of JSON with the letters that stand in it as ``\\u00e4``."""
    if "\\u" not in line:
        return line
    text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[0], line)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # two of them make one letter beyond
