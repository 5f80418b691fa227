from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents import samples
from tests.documents.conftest import Reading

SHIPPED = Path("/usr/share/doc/shared-mime-info/shared-mime-info-spec.pdf")


def two_columns(lines: int = 20) -> list[samples.Line]:
    """A page whose text was written line by line across both columns, under a title across the page."""
    page = [(60.0, 760.0, "A title that stands across both of the columns, from the left edge to the right one")]
    for number in range(lines):
        page.append((60, 720 - 14 * number, f"left {number} of the words on this side"))
        page.append((320, 720 - 14 * number, f"right {number} of the words over there"))
    return page


class TestAPdf:
    async def test_gives_its_pages_in_order(self, reading: Reading) -> None:
        outcome = await reading("report.pdf", samples.pdf([samples.prose([f"This is page {n}."]) for n in range(1, 4)]))

        assert [(section.page, section.text.strip()) for section in outcome.sections] == [
            (1, "This is page 1."),
            (2, "This is page 2."),
            (3, "This is page 3."),
        ]
        assert outcome.summary.kind == "pdf"
        assert outcome.summary.pages == 3
        assert outcome.summary.characters == len(outcome.text)
        assert outcome.summary.warnings == ()

    async def test_is_read_in_any_script(self, reading: Reading) -> None:
        right_to_left = "مرحبا"  # PDFs hold it as it is drawn, from the left
        outcome = await reading(
            "世界.pdf", samples.pdf([samples.prose(["你好，世界。", "Grüße 😀", right_to_left[::-1]])])
        )

        assert "你好，世界。" in outcome.text
        assert "Grüße 😀" in outcome.text
        assert right_to_left in outcome.text

    async def test_has_its_bookmarks_as_headings(self, reading: Reading) -> None:
        pages = [["Preface"], ["1. Cats", "purr", "1.1 Kittens", "mew"], ["more mewing"], ["dogs bark"]]
        bookmarks = [("1. Cats", 1), ("1.1 Kittens", 1), ("Two: dogs", 3)]
        outcome = await reading("pets.pdf", samples.pdf([samples.prose(page) for page in pages], bookmarks=bookmarks))

        assert [(section.page, section.heading, section.text.split()) for section in outcome.sections] == [
            (1, "", ["Preface"]),
            (2, "1. Cats", ["1.", "Cats", "purr"]),
            (2, "1.1 Kittens", ["1.1", "Kittens", "mew"]),
            (3, "1.1 Kittens", ["more", "mewing"]),
            (4, "Two: dogs", ["dogs", "bark"]),
        ]

    async def test_written_across_two_columns_is_read_down_each(self, reading: Reading) -> None:
        outcome = await reading("paper.pdf", samples.pdf([two_columns()]))

        title, *lines = outcome.text.strip().split("\n")
        assert title.startswith("A title that stands across")
        assert [line.split()[0] for line in lines] == ["left"] * 20 + ["right"] * 20

    async def test_has_its_tables_read_row_by_row(self, reading: Reading) -> None:
        rows = [[(60.0, 700.0 - 14 * n, f"item {n}"), (400.0, 700.0 - 14 * n, f"{n}.00")] for n in range(20)]
        outcome = await reading("prices.pdf", samples.pdf([[line for row in rows for line in row]]))

        assert outcome.text.split()[:9] == ["item", "0", "0.00", "item", "1", "1.00", "item", "2", "2.00"]

    async def test_has_words_joined_that_were_parted_at_line_ends(self, reading: Reading) -> None:
        outcome = await reading("words.pdf", samples.pdf([samples.prose(["An inter-", "national matter"])]))

        assert "international matter" in outcome.text

    async def test_without_text_is_read_with_a_warning(self, reading: Reading) -> None:
        outcome = await reading("scan.pdf", samples.pdf([[], []]))

        assert outcome.sections == []
        assert outcome.summary.pages == 2
        assert outcome.summary.warnings == ("No text was found. The document looks scanned or made of pictures.",)

    async def test_with_some_pages_without_text_says_how_many(self, reading: Reading) -> None:
        outcome = await reading("half.pdf", samples.pdf([samples.prose(["text"]), [], []]))

        assert outcome.summary.warnings == ("2 of 3 pages have no text. They look scanned or blank.",)

    @pytest.mark.skipif(not SHIPPED.exists(), reason="the Debian package shared-mime-info is not there")
    async def test_of_the_world_outside_is_read(self, reading: Reading) -> None:
        outcome = await reading("spec.pdf", SHIPPED)

        assert outcome.summary.pages == 17
        assert {section.heading for section in outcome.sections} >= {"1. Introduction", "1.1. Version"}
