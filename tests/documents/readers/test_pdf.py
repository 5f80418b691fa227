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

        assert outcome.text.splitlines()[:3] == ["item 0 | 0.00", "item 1 | 1.00", "item 2 | 2.00"]

    async def test_has_words_joined_that_were_parted_at_line_ends(self, reading: Reading) -> None:
        outcome = await reading("words.pdf", samples.pdf([samples.prose(["An inter-", "national matter"])]))

        assert "international matter" in outcome.text

    async def test_without_text_is_read_with_a_warning(self, reading: Reading) -> None:
        outcome = await reading("scan.pdf", samples.pdf([[], []]))

        assert outcome.sections == []
        assert outcome.summary.pages == 2
        assert outcome.summary.warnings == ("No text was found. The document looks scanned or made of pictures.",)

    async def test_names_the_pages_that_are_pictures_among_others(self, reading: Reading) -> None:
        text, picture, blank = samples.prose(["text"]), samples.Content("0 0 612 792 re f"), samples.Content("")
        outcome = await reading("half.pdf", samples.pdf([text, picture, text, picture, picture, blank]))
        alone = await reading("most.pdf", samples.pdf([*[text] * 12, picture]))

        assert outcome.summary.warnings == ("Pages 2, 4–5 have no text. They look scanned or made of pictures.",)
        assert alone.summary.warnings == ("Page 13 has no text. It looks scanned or made of pictures.",)

    async def test_has_its_printed_page_numbers_beside_the_real_ones(self, reading: Reading) -> None:
        pages = [samples.prose([text]) for text in ("preface", "contents", "chapter")]
        labels = "/PageLabels<</Nums[0<</S/r>>2<</S/D>>]>>"
        outcome = await reading("book.pdf", samples.pdf(pages, catalogue=labels))

        assert [(section.page, section.text.split("\n")[0]) for section in outcome.sections] == [
            (1, "[Page i]"),
            (2, "[Page ii]"),
            (3, "[Page 1]"),
        ]

    @pytest.mark.skipif(not SHIPPED.exists(), reason="the Debian package shared-mime-info is not there")
    async def test_of_the_world_outside_is_read(self, reading: Reading) -> None:
        outcome = await reading("spec.pdf", SHIPPED)

        assert outcome.summary.pages == 17
        assert {section.heading for section in outcome.sections} >= {"1. Introduction", "1.1. Version"}


class TestTheReadingOrder:
    async def test_goes_down_short_columns(self, reading: Reading) -> None:
        outcome = await reading("letter.pdf", samples.pdf([two_columns(4)]))

        assert [line.split()[0] for line in outcome.text.strip().split("\n")[1:]] == ["left"] * 4 + ["right"] * 4

    async def test_goes_down_three_columns(self, reading: Reading) -> None:
        page = [
            (left, 700.0 - 14 * number, f"{name} words of line {number}")
            for number in range(12)
            for left, name in ((50.0, "left"), (230.0, "mid"), (410.0, "right"))
        ]
        outcome = await reading("news.pdf", samples.pdf([page]))

        firsts = [line.split()[0] for line in outcome.text.strip().split("\n")]
        assert firsts == ["left"] * 12 + ["mid"] * 12 + ["right"] * 12

    async def test_keeps_columns_that_were_written_one_after_the_other(self, reading: Reading) -> None:
        title, *lines = two_columns()
        outcome = await reading("paper.pdf", samples.pdf([[title, *lines[::2], *lines[1::2]]]))

        assert [line.split()[0] for line in outcome.text.strip().split("\n")[1:]] == ["left"] * 20 + ["right"] * 20

    async def test_puts_a_title_first_that_was_written_last(self, reading: Reading) -> None:
        lines = samples.prose([f"line {number} of the text" for number in range(9)])
        outcome = await reading("last.pdf", samples.pdf([[*lines, (72.0, 760.0, "The title of it all")]]))

        assert outcome.text.startswith("The title of it all\nline 0")

    async def test_keeps_labels_with_values_that_were_written_after_all_of_them(self, reading: Reading) -> None:
        labels = samples.prose(["Name of ship:", "Home port:", "Master:", "Draught:"], leading=20)
        values = samples.prose(["Sea Lark", "Leith", "Ada Brown", "4.2 m"], left=300, leading=20)
        outcome = await reading("form.pdf", samples.pdf([[*labels, *values]]))

        assert outcome.text.strip().split("\n") == [
            "Name of ship: | Sea Lark",
            "Home port: | Leith",
            "Master: | Ada Brown",
            "Draught: | 4.2 m",
        ]

    async def test_keeps_the_lines_of_a_cell_together(self, reading: Reading) -> None:
        page: list[samples.Line] = []
        for top, (name, use, price) in ((700.0, ("rope", "mooring", "12")), (640.0, ("chain", "anchors", "90"))):
            page += [(60, top, f"{name} of the"), (60, top - 12, "best kind there is")]
            page += [(200, top, f"for {use} in"), (200, top - 12, "harbours and on"), (200, top - 24, "open roads")]
            page += [(400, top, f"{price} crowns")]
        outcome = await reading("prices.pdf", samples.pdf([page]))

        assert outcome.text.strip().split("\n") == [
            "rope of the best kind there is | for mooring in harbours and on open roads | 12 crowns",
            "chain of the best kind there is | for anchors in harbours and on open roads | 90 crowns",
        ]

    async def test_follows_turned_text(self, reading: Reading) -> None:
        shown = "".join(
            f"BT /F 10 Tf 0 1 -1 0 {300 + 14 * number} {100 + 200 * column} Tm <{letter}> Tj ET\n"
            for number in range(4)
            for column, letter in enumerate(("00010001", "00020002"))
        )
        outcome = await reading("turned.pdf", samples.pdf([samples.Content(shown), [(0.0, 0.0, "ab")]]))

        assert outcome.sections[0].text.split("\n")[:4] == ["aa | bb"] * 4


class TestWordsAndSigns:
    async def test_have_exponents_and_marks_apart(self, reading: Reading) -> None:
        raised = samples.Content(
            "BT /F 10 Tf 72 700 Td <00010001> Tj /F 6 Tf 4 Ts <0002> Tj ET"
            " BT 0 Ts /F 10 Tf 72 680 Td <00030003> Tj /F 6 Tf 4 Ts <0002> Tj ET"
            " BT 0 Ts /F 10 Tf 72 660 Td <00030003> Tj /F 6 Tf -2 Ts <0002> Tj ET"
        )
        outcome = await reading("sums.pdf", samples.pdf([raised, [(0.0, 0.0, "16a")]]))

        assert outcome.sections[0].text.strip().split("\n") == ["11^6", "aa^6", "aa6"]

    @pytest.mark.parametrize(
        ("lines", "text"),
        [
            (["the bathy\u2010", "metric survey"], "the bathymetric survey"),
            (["the Anglo-", "Saxon coast"], "the Anglo-Saxon coast"),
            (["a water-proof coat, a water-", "proof hat"], "a water-proof coat, a water-proof hat"),
            (["from 1990-", "1995 in all"], "from 1990-1995 in all"),
            (["灯台は毎年十月に点検され", "る。"], "灯台は毎年十月に点検される。"),
            (["見出し", "灯台は毎年十月に点検される。"], "見出し\n灯台は毎年十月に点検される。"),
        ],
    )
    async def test_go_on_in_the_next_line(self, reading: Reading, lines: list[str], text: str) -> None:
        outcome = await reading("words.pdf", samples.pdf([samples.prose(lines)]))

        assert outcome.text.strip() == text


class TestWhatStandsOnThePaper:
    async def test_is_also_what_was_filled_in(self, reading: Reading) -> None:
        outcome = await reading("form.pdf", samples.form())

        assert outcome.text.strip().split("\n") == [
            "Name of ship: Sea Lark",
            "Berth: Quay Nine",
            "☑ shore power",
            "☐ fresh water",
            "Seen by the master",
            "[Comment by Ada: Ask for the draught]",
        ]

    @pytest.mark.parametrize(
        ("paint", "is_read"),
        [
            ("1 g BT /F 1 Tf 72 600 Td <00020002000200020002> Tj ET", False),
            ("BT /F 10 Tf 3 Tr 72 600 Td <00020002000200020002> Tj ET", False),
            ("BT /F 10 Tf 72 -60 Td <00020002000200020002> Tj ET", False),
            ("0 0 1 rg 50 590 200 30 re f 1 g BT /F 10 Tf 72 600 Td <00020002000200020002> Tj ET", True),
            ("0.9 g BT /F 10 Tf 72 600 Td <00020002000200020002> Tj ET", True),
        ],
        ids=["white on white", "without ink", "off the page", "white on blue", "light grey"],
    )
    async def test_is_what_can_be_seen(self, reading: Reading, paint: str, is_read: bool) -> None:
        page = samples.Content(f"BT /F 10 Tf 72 700 Td <00010001000100010001> Tj ET {paint}")
        outcome = await reading("trick.pdf", samples.pdf([page, [(0.0, 0.0, "ax")]]))

        assert outcome.sections[0].text.split() == (["aaaaa", "xxxxx"] if is_read else ["aaaaa"])

    async def test_is_told_apart_from_what_nobody_sees(self, reading: Reading) -> None:
        hidden = samples.Content("BT /F 10 Tf 72 700 Td <00010001> Tj ET 1 g BT /F 10 Tf 72 600 Td <00020002> Tj ET")
        outcome = await reading("trick.pdf", samples.pdf([hidden, [(72.0, 700.0, "a")], hidden, [(0.0, 0.0, "ax")]]))

        assert outcome.summary.warnings == ("Text that nobody sees, such as white on white, was left out on 2 pages.",)

    async def test_is_the_text_of_a_scan(self, reading: Reading) -> None:
        page = samples.Content("BT /F 10 Tf 3 Tr 72 600 Td <0001> Tj ET")
        outcome = await reading("scan.pdf", samples.pdf([page, [(0.0, 0.0, "x")]]))

        assert outcome.sections[0].text.strip() == "x"
