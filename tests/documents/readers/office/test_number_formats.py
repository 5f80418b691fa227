from __future__ import annotations

import pytest

from chat.documents.readers.sheets.number_formats import BUILT_IN, number_format

MORNING = "45360.322916666664"
"""9 March 2024, 7:45."""

ACCOUNTING = '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)'


def shown(written: str, code: str, *, from_1904: bool = False) -> str:
    return number_format(code, from_1904=from_1904).number(written)


class TestANumber:
    @pytest.mark.parametrize(
        ("written", "code", "expected"),
        [
            ("0.075", "0.0%", "7.5%"),
            ("0.075", "0 %", "8 %"),
            ("1234.5", '# ##0.00 "kr"', "1 234.50 kr"),
            ("1234.5", r"#,##0.00\ [$kr-41D]", "1,234.50 kr"),
            ("1234.5", "[$€-407] #,##0.00", "€ 1,234.50"),
            ("-1234.5", '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', "($1,234.50)"),
            ("-5.5", "0.00", "-5.50"),
            ("-5.5", "0.00;[Red]-0.00", "-5.50"),
            ("0", '0;-0;"none"', "none"),
            ("-1234.5", ACCOUNTING, "(1,234.50)"),
            ("0", ACCOUNTING, "-"),
            ("1.005", "0.00", "1.01"),
            ("7", "000", "007"),
            ("42", r"\A000", "A042"),
            ("5551234567", "(000) 000-0000", "(555) 123-4567"),
            ("4539148803436467", "0", "4539148803436467"),
            ("4539148803436467", "General", "4539148803436467"),
            ("4.539148803436467E+15", "General", "4539148803436467"),
            ("0.30000000000000004", "General", "0.3"),
            ("12", 'General" pcs"', "12 pcs"),
            ("1234567", '0.0,,"M"', "1.2M"),
            ("1234567.891", "#,##0.0##", "1,234,567.891"),
            ("5.25", "0.###", "5.25"),
            (".5", "#.00", ".50"),
            ("12345.678", "0.00E+00", "1.23E+04"),
            ("12345.678", "##0.0E+0", "12.3E+3"),
            ("99990", "0.0E+0", "1.0E+5"),
            ("3.25", "# ?/?", "3 1/4"),
            ("0.5", "# ?/16", "8/16"),
            ("150", '[>100]"high";"low"', "high"),
            ("15", '[>100]"high";"low"', "low"),
            ("-3", '[<0]"minus "0;0', "minus 3"),
            ("5", ";;;", ""),
            ("no number", "0.00", "no number"),
            ("1e999", "0.00", "1e999"),
        ],
    )
    def test_is_shown_as_its_format_says(self, written: str, code: str, expected: str) -> None:
        assert shown(written, code) == expected


class TestADate:
    @pytest.mark.parametrize(
        ("written", "code", "expected"),
        [
            (MORNING, "d mmmm yyyy", "9 March 2024"),
            (MORNING, "[$-409]dddd, mmmm d, yyyy", "Saturday, March 9, 2024"),
            (MORNING, 'yyyy"年"m"月"d"日"', "2024年3月9日"),
            (MORNING, "dd.mm.yy hh:mm", "09.03.24 07:45"),
            (MORNING, "h:mm AM/PM", "7:45 AM"),
            (MORNING, "mm:ss", "45:00"),
            (MORNING, BUILT_IN[14], "2024-03-09"),
            ("1.5", "[h]:mm", "36:00"),
            ("0.06944444444444445", "[mm]:ss", "100:00"),
            ("0.1000142361", "ss.00", "01.23"),
            ("1", "yyyy-mm-dd", "1900-01-01"),
            ("61", "yyyy-mm-dd", "1900-03-01"),
            ("3000000", "yyyy", "3000000"),
        ],
    )
    def test_is_a_number_of_days(self, written: str, code: str, expected: str) -> None:
        assert shown(written, code) == expected

    def test_may_count_from_1904(self) -> None:
        assert shown("43898", "yyyy-mm-dd", from_1904=True) == "2024-03-09"


class TestWords:
    def test_are_shown_as_they_are_unless_a_format_has_a_section_for_them(self) -> None:
        assert number_format("0.00", from_1904=False).words is None
        words = number_format('0;-0;0;"<"@">"', from_1904=False).words
        assert words is not None
        assert words("abc") == "<abc>"


class TestEveryCode:
    @pytest.mark.parametrize(
        "code", ["", "[", '"', "\\", "[<", "E+", "0E+", "/", "?/?", "%" * 300, "0," * 200, "m" * 300]
    )
    def test_shows_something_of_every_number(self, code: str) -> None:
        for written in ("0", "-1.5", "1.7e308", "5e-324"):
            shown(written, code)
