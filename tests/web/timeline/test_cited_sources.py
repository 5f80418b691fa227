"""Where a passage stands, in words; and the lines of a PDF, which are those of its paper."""

from __future__ import annotations

import pytest

from chat.actions.conversation.citations import Place
from chat.actions.conversation.cited_sources import Excerpt
from chat.web.timeline.cited_sources import place_in_words, reflow


class TestAPlace:
    @pytest.mark.parametrize(
        ("name", "pages", "words"),
        [
            ("a.pdf", (3, 3), "page 3"),
            ("a.pdf", (3, 5), "pages 3–5"),
            ("a.PPTX", (1, 1), "slide 1"),
            ("a.pptx", (1, 2), "slides 1–2"),
            ("a.xlsx", (2, 2), "sheet 2"),
            ("a.docx", (2, None), "page 2"),
            ("renamed", (2, 2), "page 2"),
            ("a.txt", (None, None), ""),
        ],
    )
    def test_is_a_page_a_slide_or_a_sheet(self, name: str, pages: tuple[int | None, int | None], words: str) -> None:
        assert place_in_words(Place("vs_1", *pages, "", 0, 1, 0, 1), file_name=name) == words

    def test_that_is_not_known_is_no_word(self) -> None:
        assert place_in_words(None, file_name="a.pdf") == ""


def lines(text: str, *, name: str = "a.pdf") -> str:
    """What becomes of a text whose middle third is quoted; a part of it may not move."""
    third = len(text) // 3
    excerpt = Excerpt(text[:third], text[third : 2 * third], text[2 * third :], False, False)
    shown = reflow(excerpt, file_name=name)
    assert [len(shown.before), len(shown.quote)] == [third, third]
    return shown.before + shown.quote + shown.after


class TestThePaper:
    LONG = "A line that is as long as the paper on which it is printed,"

    def test_breaks_lines_that_a_page_need_not_break(self) -> None:
        assert lines(f"{self.LONG}\nand its end.") == f"{self.LONG} and its end."

    @pytest.mark.parametrize(
        "text",
        [
            f"{LONG}\n\nA paragraph.",
            f"A title\n{LONG}",
            f"{LONG}\n• an item",
            f"{LONG}\n1. an item",
            "a | b\nc | d\ne | f",
            "日本語の文章はここで改行されていますが空白はありませんので、そのままにしておくのがよいのです。\n次の行",
            "",
        ],
    )
    def test_keeps_those_that_mean_something(self, text: str) -> None:
        assert lines(text) == text

    def test_is_not_what_other_files_are_printed_on(self) -> None:
        assert lines(f"{self.LONG}\nand its end.", name="a.md") == f"{self.LONG}\nand its end."
