"""PDF, by PDFium: a page is a page, bookmarks are headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pypdfium2 import PdfDocument, PdfiumError, raw

from chat.documents.errors import broken, protected, too_large
from chat.documents.formats import FileKind
from chat.documents.readers import pdf_columns
from chat.documents.sections import Notice, Section, as_paragraphs
from chat.errors import Unreadable

MAX_PAGES = 50_000
_BOOKMARKS = 20_000
_HEADING_CHARACTERS = 200

_LINE_END_HYPHEN = re.compile("[\x02\ufffe]\\s*")
"""PDFium's sign for a hyphen that only splits a word at the end of a line."""


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the text of each page, even blank ones. Raise ``Unreadable`` if it is broken, protected or too long."""
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
            raise broken(FileKind.PDF.label)
    if failed:
        yield Notice("1 page could not be read." if failed == 1 else f"{failed} pages could not be read.")


def _open(path: Path) -> PdfDocument:
    try:
        document = PdfDocument(path)
    except PdfiumError as reason:
        if reason.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise protected(FileKind.PDF.label) from reason
        raise broken(FileKind.PDF.label) from reason
    if len(document) > MAX_PAGES:
        raise too_large(f"A PDF may have up to {MAX_PAGES:,} pages")
    if len(document) == 0:
        raise Unreadable("The PDF has no pages.")
    return document


def _headings(document: PdfDocument) -> dict[int, list[str]]:
    """Return the titles of the bookmarks to each page, by its index, in their order."""
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
        text = pdf_columns.text_in_columns(content) or content.get_text_bounded()
        content.close()
    finally:
        page.close()
    return as_paragraphs(_LINE_END_HYPHEN.sub("", text).replace(" \r\n", "\n").replace("\r\n", "\n"))


def _sections(page: int, heading: str, text: str, starting: Sequence[str]) -> Iterator[Section]:
    """Yield the page's text, cut before each line that is one of the titles that start on it.

    If no line is, the first of them is the whole page's heading.
    """
    missing = {_letters(title): title for title in reversed(starting)}
    pending: list[str] = []
    has_heading = False
    for line in text.splitlines(keepends=True) if missing else ():
        title = missing.pop(_letters(line), None)
        if title and pending:
            yield Section(page, heading, "".join(pending))
            pending = []
        if title:
            heading, has_heading = title, True
        pending.append(line)
    if starting and not has_heading:
        heading = starting[0]
    yield Section(page, heading, "".join(pending) if pending else text)


def _letters(line: str) -> str:
    return "".join(filter(str.isalnum, line.casefold()))
