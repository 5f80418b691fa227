from __future__ import annotations

from tests.documents import samples
from tests.documents.conftest import Reading


class TestTheRowsOfATable:
    async def test_are_kept_on_a_page_with_its_number_in_a_line_above(self, reading: Reading) -> None:
        rows = [(f"{number}", f"rope.splice({number})") for number in range(101, 131)]
        page: list[samples.Line] = [(72, 750, "The second part"), (520, 750, "17")]
        page += [
            (left, 720 - 14 * at, text)
            for at, row in enumerate(rows)
            for left, text in zip((72, 120), row, strict=True)
        ]
        outcome = await reading("listing.pdf", samples.pdf([page]))

        assert outcome.text.strip().split("\n") == ["The second part 17", *map(" ".join, rows)]

    async def test_are_kept_where_the_file_goes_down_the_columns_of_several_tables(self, reading: Reading) -> None:
        page: list[samples.Line] = []
        for top in (740, 540):
            page += samples.prose([f"call({top}{line})" for line in range(12)], left=72, top=top)
            page += samples.prose([f"gives {top}{line}" for line in range(12)], left=250, top=top)
        outcome = await reading("calls.pdf", samples.pdf([page]))

        assert outcome.text.strip().split("\n") == [
            f"call({top}{line}) | gives {top}{line}" for top in (740, 540) for line in range(12)
        ]

    async def test_are_those_of_a_table_of_contents(self, reading: Reading) -> None:
        dots = " ." * 38
        page: list[samples.Line] = [(72, 700, "1"), (100, 700, "Ropes"), (515, 700, "2")]
        page += [(72, 680, "2"), (100, 680, "Knots"), (515, 680, "5")]
        page += [(100, 668, f"2.1 Bends{dots} 6"), (100, 656, f"2.2 Hitches{dots} 8")]
        outcome = await reading("contents.pdf", samples.pdf([page]))

        lines = [line.replace(dots, "") for line in outcome.text.strip().split("\n")]
        assert lines == ["1 Ropes | 2", "2 Knots | 5", "2.1 Bends 6", "2.2 Hitches 8"]


class TestLettersOutsideTheBasicPlane:
    async def test_move_no_gap_into_words_after_them(self, reading: Reading) -> None:
        page = [*samples.prose(["𝑥𝑦𝑧 and 𝑥𝑦𝑧 are"], top=740)]
        page += [line for top in (700.0, 680.0) for line in ((72.0, top, "first words"), (300.0, top, "second words"))]
        outcome = await reading("signs.pdf", samples.pdf([page]))

        assert outcome.text.strip().split("\n") == ["𝑥𝑦𝑧 and 𝑥𝑦𝑧 are", *["first words | second words"] * 2]
