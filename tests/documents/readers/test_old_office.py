"""Office files from before 2007, made with LibreOffice."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.documents.conftest import Reading

FILES = Path(__file__).parents[1] / "files"


def stored(name: str) -> bytes:
    return gzip.decompress((FILES / f"{name}.gz").read_bytes())


class TestAnOldWordDocument:
    @pytest.mark.parametrize("name", ["reede.doc", "reede.docx", "reede.txt"])
    async def test_gives_its_text_with_notes_and_tables(self, reading: Reading, name: str) -> None:
        outcome = await reading(name, stored("reede.doc"))

        assert outcome.sections[0].heading == "Die Reede"
        assert outcome.text == (
            "Die Reede\n\nVor der Note danach.\n\nMit Kommentar. Verweis (https://example.org/x)\n\nEins\nEins-a\nZwei\n\n"
            "wdh | wdh | c\nverb | verb | x\n\n[Footnote: Fußnotentext Quarzil]\n\n"
            "[Comment by Bea: Kommentartext Zebral]\n\n"
        )

    async def test_may_be_a_web_page(self, reading: Reading) -> None:
        outcome = await reading("report.doc", b"<html><body><h1>Quay</h1><p>Twelve bollards.")

        assert outcome.text == "Quay\n\nTwelve bollards.\n\n"


class TestOldSlides:
    async def test_are_pages_with_their_titles(self, reading: Reading) -> None:
        outcome = await reading("quay.ppt", stored("quay.ppt"))

        assert [(section.page, section.heading, section.text) for section in outcome.sections] == [
            (1, "", "Nur ein Kasten: Größe 7\n\n"),
            (3, "Причалы", "Причалы\nDer zweite Kai hat 12 Poller.\n\nNotes: Vor Frost warnen\n\n"),
        ]
        assert outcome.summary.pages == 3
