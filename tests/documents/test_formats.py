from __future__ import annotations

import re

import pytest

from chat.documents.formats import SUPPORTED, FileKind, format_of
from chat.documents.readers import load_reader
from chat.errors import Unreadable

REFERENCE = (
    ".c .cpp .cs .css .docx .go .html .java .js .json .md .pdf .php .pptx .py .rb .sh .tex .ts .txt .csv .xlsx .xml"
)


class TestTheSupportedFormats:
    def test_are_those_of_the_reference(self) -> None:
        """Reference, section 4; old Word too."""
        assert set(REFERENCE.split()) <= set(SUPPORTED)

    def test_are_lower_case_with_a_media_type(self) -> None:
        for extension, supported in SUPPORTED.items():
            assert re.fullmatch(r"\.[a-z]+", extension)
            assert supported.media_types
            assert all(re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", media_type) for media_type in supported.media_types)

    @pytest.mark.parametrize("kind", FileKind)
    def test_have_a_reader_each(self, kind: FileKind) -> None:
        assert callable(load_reader(kind))


class TestAName:
    @pytest.mark.parametrize("name", ["Report.PDF", "a/b.pdf", "..pdf", "a.b.pDf", "世界.pdf"])
    def test_may_be_spelt_as_one_likes(self, name: str) -> None:
        assert format_of(name).kind is FileKind.PDF

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("a.png", "extensions [.png] are not supported for retrieval. A picture can be attached to a message"),
            ("a.pages", "Export it as PDF."),
            ("a.ZIP", "Unpack it"),
            ("a.exe", "extensions [.exe] are not supported for retrieval."),
            ("Makefile", "without an extension"),
            (".pdf", "without an extension"),
            ("", "without an extension"),
            ("letter.wps", "Save it as .docx"),
            ("sheet.wk1", "extensions [.wk1] are not supported"),
        ],
    )
    def test_that_is_none_of_ours_is_refused(self, name: str, words: str) -> None:
        with pytest.raises(Unreadable, match=re.escape(words)) as refusal:
            format_of(name)
        assert refusal.value.code == "unsupported_file"
