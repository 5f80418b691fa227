"""Scanned pages: pictures of text."""

from __future__ import annotations

import asyncio
import ctypes
import os
from contextlib import aclosing
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont
from pypdfium2 import raw

from chat.documents.__main__ import with_time
from chat.documents.readers.pdf import scans
from chat.documents.reading import confinement
from chat.documents.reading.process import read_document
from chat.documents.sections import Section, Summary

pytestmark = pytest.mark.slow
FERRY = "The ferry leaves at seven.\nTickets cost two crowns."
BRIDGE = "The bridge is closed in fog.\nA yellow sign says so."


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    if not scans.is_installed():
        why = "rapidocr is not installed: scanned pages are not read"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)


def picture(*columns: str) -> Image.Image:
    """A page of paper with text in columns."""
    page = Image.new("L", (1240, 1754), 255)
    for number, text in enumerate(columns):
        place = (100 + number * 560, 200)
        ImageDraw.Draw(page).multiline_text(place, text, fill=20, font=ImageFont.load_default(36), spacing=16)
    return page


def scan(*pages: Image.Image) -> bytes:
    file = BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:], resolution=150)
    return file.getvalue()


def stamped(content: bytes, words: str) -> bytes:
    """The PDF with real text on its first page."""
    with pypdfium2.PdfDocument(content) as document:
        page = document[0]
        text = raw.FPDFPageObj_NewTextObj(document, b"Helvetica", 12)
        letters = (words + "\0").encode("utf-16-le")
        raw.FPDFText_SetText(text, ctypes.cast(letters, ctypes.POINTER(ctypes.c_ushort)))
        raw.FPDFPageObj_Transform(text, 1, 0, 0, 1, 40, 20)
        raw.FPDFPage_InsertObject(page, text)
        page.gen_content()
        file = BytesIO()
        document.save(file)
    return file.getvalue()


def read(content: bytes, tmp_path: Path, *, ocr_pages: int = 10) -> tuple[list[Section], tuple[str, ...]]:
    """The sections and the notices of a PDF, read in a child with its limits."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(content)

    async def take() -> list[Section | Summary]:
        async with aclosing(read_document(path, name="scan.pdf", ocr_pages=ocr_pages)) as items:
            return [item async for item in items]

    *sections, summary = asyncio.run(take())
    assert isinstance(summary, Summary)
    return [section for section in sections if isinstance(section, Section)], summary.warnings


class TestAScannedPage:
    def test_is_read_with_a_notice_that_there_may_be_mistakes(self, tmp_path: Path) -> None:
        sections, notices = read(scan(picture(FERRY), picture(BRIDGE)), tmp_path)
        assert [(section.page, section.text) for section in sections] == [(1, f"{FERRY}\n\n"), (2, f"{BRIDGE}\n\n")]
        assert notices == ("Pages 1–2 are scanned; what was recognized there may have mistakes.",)

    def test_is_read_column_by_column(self, tmp_path: Path) -> None:
        left, right = (
            "\n".join([first, "and this line goes on", "with a third one here", "and a fourth one there."])
            for first in ("The left column begins", "The right one follows")
        )
        [section], _notices = read(scan(picture(left, right)), tmp_path)
        words = section.text.split()
        assert words.index("fourth") < words.index("right")

    def test_may_have_a_stamp_that_is_text(self, tmp_path: Path) -> None:
        [section], _notices = read(stamped(scan(picture(FERRY)), "Received 7 May"), tmp_path)
        assert "The ferry leaves at seven." in section.text

    def test_is_named_when_enough_others_were_read(self, tmp_path: Path) -> None:
        sections, notices = read(scan(picture(FERRY), picture(BRIDGE)), tmp_path, ocr_pages=1)
        assert [section.page for section in sections] == [1]
        assert notices == (
            "Page 1 is scanned; what was recognized there may have mistakes.",
            "Page 2 has no text. It looks scanned or made of pictures.",
            "Of a file 1 scanned pages are read at most.",
        )

    def test_is_not_read_where_that_is_switched_off(self, tmp_path: Path) -> None:
        sections, notices = read(scan(picture(FERRY)), tmp_path, ocr_pages=0)
        assert sections == []
        assert notices == ("No text was found. The document looks scanned or made of pictures.",)

    def test_without_a_word_is_no_text(self, tmp_path: Path) -> None:
        sections, notices = read(scan(Image.new("L", (1240, 1754), 90), picture(FERRY)), tmp_path)
        assert [section.page for section in sections] == [2]
        assert "Page 1 has no text. It looks scanned or made of pictures." in notices


def test_each_scanned_page_is_given_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: list[tuple[int, int]] = []
    monkeypatch.setattr(confinement, "allow_pages", lambda pages, scans: allowed.append((pages, scans)))
    pages = [Section(1, "", "text"), Section(2, "", "seen", recognized=True), Section(3, "", "", recognized=True)]
    assert list(with_time(iter(pages))) == pages
    assert allowed == [(2, 1), (3, 2)]
