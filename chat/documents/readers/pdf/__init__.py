"""PDF, by PDFium: a page is a page, bookmarks are headings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from pypdfium2 import PdfDocument, PdfiumError, raw

from chat.documents.errors import broken, protected, too_large
from chat.documents.formats import FileKind
from chat.documents.readers.pdf import page_text
from chat.documents.readers.pdf.visibility import is_empty
from chat.documents.sections import Notice, Section, as_paragraphs
from chat.errors import Unreadable

MAX_PAGES = 50_000
_BOOKMARKS = 20_000
_HEADING_CHARACTERS = 200
_LABEL_CHARACTERS = 40
_NAMED_RANGES = 20
"""Of pages without text, in a notice."""


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the text of each page, even blank ones. Raise ``Unreadable`` if it is broken, protected or too long."""
    with _open(path) as document:
        headings = _headings(document)
        heading, failed = "", 0
        pictures: list[int] = []
        for index in range(len(document)):
            try:
                text, is_picture = _text(document, index)
            except PdfiumError:
                failed += 1
                text, is_picture = "", False
            if is_picture:
                pictures.append(index + 1)
            starting = headings.get(index, ())
            yield from _sections(index + 1, heading, text, starting, label=_label(document, index) if text else "")
            heading = starting[-1] if starting else heading
        if failed == len(document):
            raise broken(FileKind.PDF.label)
        yield from _notices(failed, pictures, len(document))


def _notices(failed: int, pictures: Sequence[int], count: int) -> Iterator[Notice]:
    if failed:
        yield Notice("1 page could not be read." if failed == 1 else f"{failed} pages could not be read.")
    if len(pictures) == 1 < count:
        yield Notice(f"Page {pictures[0]} has no text. It looks scanned or made of pictures.")
    elif 0 < len(pictures) < count:
        yield Notice(f"Pages {_ranges(pictures)} have no text. They look scanned or made of pictures.")


def _ranges(pages: Sequence[int]) -> str:
    """Return ascending numbers as people write them: ``3, 7–9``."""
    starts = [page for before, page in pairwise([0, *pages]) if page - 1 != before or page == 1]
    ends = [page for page, after in pairwise([*pages, 0]) if page + 1 != after]
    names = [str(start) if start == end else f"{start}–{end}" for start, end in zip(starts, ends, strict=True)]
    return ", ".join([*names[:_NAMED_RANGES], *(["…"] if len(names) > _NAMED_RANGES else [])])


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


def _text(document: PdfDocument, index: int) -> tuple[str, bool]:
    """Return the text of a page, and whether it has none though something is on it, as on a scan."""
    page = document[index]
    try:
        text = as_paragraphs(page_text.read_text(page))
        return text, not text and not is_empty(page)
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
