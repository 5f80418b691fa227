"""PDF, by PDFium: a page is a page, bookmarks are headings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pypdfium2 import PdfDocument, PdfiumError, raw

from chat.documents.errors import broken, protected, too_large
from chat.documents.formats import FileKind
from chat.documents.readers.pdf import page_text
from chat.documents.readers.pdf.page_text import PageText
from chat.documents.readers.pdf.scans import Scans
from chat.documents.readers.pdf.visibility import is_empty, is_scan
from chat.documents.sections import Notice, Section, as_paragraphs
from chat.errors import Unreadable

MAX_PAGES = 50_000
_BOOKMARKS = 20_000
_HEADING_CHARACTERS = 200
_LABEL_CHARACTERS = 40


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the text of each page, even blank ones. Raise ``Unreadable`` if it is broken, protected or too long."""
    with _open(path) as document:
        headings = _headings(document)
        heading, failed, hidden = "", 0, 0
        scans = Scans()
        for index in range(len(document)):
            try:
                (text, has_hidden), recognized = _text(document, index, scans)
            except PdfiumError:
                failed += 1
                text, has_hidden, recognized = "", False, False
            hidden += has_hidden
            starting = headings.get(index, ())
            label = _label(document, index) if text else ""
            for section in _sections(index + 1, heading, text, starting, label=label):
                yield replace(section, recognized=recognized)
            heading = starting[-1] if starting else heading
        if failed == len(document):
            raise broken(FileKind.PDF.label)
        if failed:
            yield Notice("1 page could not be read." if failed == 1 else f"{failed} pages could not be read.")
        if hidden:
            pages = "1 page" if hidden == 1 else f"{hidden} pages"
            yield Notice(f"Text that nobody sees, such as white on white, was left out on {pages}.")
        yield from scans.notices(len(document))


def _open(path: Path) -> PdfDocument:
    try:
        document = PdfDocument(path)
    except PdfiumError as reason:
        if reason.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise protected(FileKind.PDF.label) from reason
        raise broken(FileKind.PDF.label) from reason
    document.init_forms()
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


def _text(document: PdfDocument, index: int, scans: Scans) -> tuple[PageText, bool]:
    """Return the text of a page, and whether it was recognized in a picture."""
    page = document[index]
    try:
        text, has_hidden = page_text.read_text(page)
        text = as_paragraphs(text)
        if is_scan(page, text) and scans.can_read():
            return PageText(as_paragraphs(scans.read(page, index + 1)) or text, has_hidden), True
        if not text and not is_empty(page):
            scans.leave(index + 1)
        return PageText(text, has_hidden), False
    finally:
        page.close()


def _label(document: PdfDocument, index: int) -> str:
    """Return a line with the label of a page, such as iv, if that is not its number."""
    label = " ".join(document.get_page_label(index).split())
    return f"[Page {label[:_LABEL_CHARACTERS]}]\n" if label not in ("", str(index + 1)) else ""


def _sections(page: int, heading: str, text: str, starting: Sequence[str], *, label: str) -> Iterator[Section]:
    """Yield the page's text below its label, cut before each line that is one of the titles that start on it.

    If no line is, the first of them is the whole page's heading.
    """
    missing = {_letters(title): title for title in reversed(starting)}
    pending = [label]
    has_heading = False
    for line in text.splitlines(keepends=True):
        title = missing.pop(_letters(line), None) if missing else None
        if title and pending != [label]:
            yield Section(page, heading, "".join(pending))
            pending = []
        if title:
            heading, has_heading = title, True
        pending.append(line)
    if starting and not has_heading:
        heading = starting[0]
    yield Section(page, heading, "".join(pending))


def _letters(line: str) -> str:
    return "".join(filter(str.isalnum, line.casefold()))
