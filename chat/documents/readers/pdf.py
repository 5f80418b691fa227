"""PDF, by PDFium: a page is a page, bookmarks are headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pypdfium2 import PdfDocument, PdfiumError, raw

from chat.documents.errors import broken, protected, too_large
from chat.documents.formats import Kind
from chat.documents.readers import pdf_columns
from chat.documents.sections import Notice, Section, paragraphs
from chat.errors import Unreadable

MAX_PAGES = 50_000
_BOOKMARKS = 20_000
_HEADING_CHARACTERS = 200

_LINE_END_HYPHEN = re.compile("[\x02\ufffe]\\s*")
"""PDFium's sign for a hyphen that only parts a word at the end of a line."""


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """The text of each page, blank ones too. Raises ``Unreadable`` if the file is broken, protected or too long."""
    with _open(path) as document:
        headings = _headings(document)
        heading, failed = "", 0
        for index in range(len(document)):
            try:
                text = _text(document, index)
            except PdfiumError:
                failed += 1
                text = ""
            starting = headings.get(index, ())
            yield from _sections(index + 1, heading, text, starting)
            heading = starting[-1] if starting else heading
        if failed == len(document):
            raise broken(Kind.PDF.words)
    if failed:
        yield Notice("1 page could not be read." if failed == 1 else f"{failed} pages could not be read.")


def _open(path: Path) -> PdfDocument:
    try:
        document = PdfDocument(path)
    except PdfiumError as reason:
        if reason.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise protected(Kind.PDF.words) from reason
        raise broken(Kind.PDF.words) from reason
    if len(document) > MAX_PAGES:
        raise too_large(f"A PDF may have up to {MAX_PAGES:,} pages")
    if len(document) == 0:
        raise Unreadable("The PDF has no pages.")
    return document


def _headings(document: PdfDocument) -> dict[int, list[str]]:
    """The titles of the bookmarks to each page, by its index, in their order."""
    titles: dict[int, list[str]] = {}
    for number, bookmark in enumerate(document.get_toc()):
        if number >= _BOOKMARKS:
            break
        target = bookmark.get_dest()
        index = target.get_index() if target else None
        title = " ".join(bookmark.get_title().split())[:_HEADING_CHARACTERS]
        if index is not None and title:
            titles.setdefault(index, []).append(title)
    return titles


def _text(document: PdfDocument, index: int) -> str:
    page = document[index]
    try:
        content = page.get_textpage()
        text = pdf_columns.in_order(content) or content.get_text_bounded()
        content.close()
    finally:
        page.close()
    return paragraphs(_LINE_END_HYPHEN.sub("", text).replace(" \r\n", "\n").replace("\r\n", "\n"))


def _sections(page: int, heading: str, text: str, starting: Sequence[str]) -> Iterator[Section]:
    """The page's text, cut before each line that is one of the titles that start on it.

    If no line is, the first of them is the whole page's heading.
    """
    missing = {_letters(title): title for title in reversed(starting)}
    held: list[str] = []
    found = False
    for line in text.splitlines(keepends=True) if missing else ():
        title = missing.pop(_letters(line), None)
        if title and held:
            yield Section(page, heading, "".join(held))
            held = []
        if title:
            heading, found = title, True
        held.append(line)
    if starting and not found:
        heading = starting[0]
    yield Section(page, heading, "".join(held) if held else text)


def _letters(line: str) -> str:
    return "".join(filter(str.isalnum, line.casefold()))
