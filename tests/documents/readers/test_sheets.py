from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import python_calamine
import xlsxwriter

from chat.documents.readers import sheets
from chat.errors import Unreadable
from tests.documents import harm, samples
from tests.documents.conftest import Outcome, Reading

SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
THREADED = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
OLD_WORKBOOK = Path(__file__).parent / "office" / "old_workbook.xls"
"""Of a sheet "Landings": a merged title, a merged cell, dates."""


def written(fill: Callable[[Any, Any], None]) -> bytes:
    """A workbook of one sheet, S, as a program writes it."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        fill(book, book.add_worksheet("S"))
    return out.getvalue()


def with_rows(rows: str, *, behind: str = "") -> bytes:
    """A workbook of one sheet with these rows of XML, and elements behind them."""
    xml = f'<worksheet xmlns="{SPACE}"><sheetData>{rows}</sheetData>{behind}</worksheet>'
    return samples.changed(harm.sheet(), {"xl/worksheets/sheet1.xml": xml})


def lines(outcome: Outcome) -> list[str]:
    return [line for line in outcome.text.splitlines() if line]


class TestACell:
    async def test_shows_what_its_format_shows(self, reading: Reading) -> None:
        def fill(book, sheet) -> None:
            sheet.write_row("A1", ["Item", "Rate", "Price", "Since", "Lasts"])
            sheet.write("A2", "Mooring")
            for column, (value, code) in enumerate(
                [(0.075, "0.0%"), (1234.5, '# ##0.00 "kr"'), (45360, "d mmm yyyy"), (1.5, "[h]:mm")]
            ):
                sheet.write(1, 1 + column, value, book.add_format({"num_format": code}))

        assert lines(await reading("a.xlsx", written(fill)))[1:] == [
            "Item: Mooring | Rate: 7.5% | Price: 1 234.50 kr | Since: 9 Mar 2024 | Lasts: 36:00"
        ]

    async def test_may_be_a_truth_or_an_error(self, reading: Reading) -> None:
        cells = '<c t="b"><v>1</v></c><c t="b"><v>0</v></c><c t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        assert lines(await reading("a.xlsx", with_rows(f"<row>{cells}</row>")))[1:] == ["TRUE | FALSE | #DIV/0!"]

    async def test_of_a_formula_without_a_result_shows_the_formula_and_a_notice_says_so(self, reading: Reading) -> None:
        cells = "<c><v>40</v></c><c><f>SUM(A1:A1)</f><v></v></c><c t='str'><f>IF(A1,\"\")</f><v></v></c>"
        outcome = await reading("a.xlsx", with_rows(f"<row>{cells}</row>"))

        assert lines(outcome)[1:] == ["40 | =SUM(A1:A1)"]
        assert outcome.summary.warnings[0].startswith("A formula has no stored result and stands for it: =SUM(A1:A1).")

    async def test_stands_in_its_column_also_where_others_are_missing(self, reading: Reading) -> None:
        rows = '<row r="2"><c r="A2"><v>1</v></c><c r="C2"><v>3</v></c><c><v>4</v></c></row>'
        header = '<row r="1">' + "".join(f'<c t="str"><v>{name}</v></c>' for name in "abcd") + "</row>"
        assert lines(await reading("a.xlsx", with_rows(header + rows)))[1:] == ["a: 1 | c: 3 | d: 4"]

    async def test_has_its_words_without_the_reading_over_them(self, reading: Reading) -> None:
        words = "<is><r><t>東</t></r><r><t>京</t></r><rPh><t>トウキョウ</t></rPh></is>"
        assert lines(await reading("a.xlsx", with_rows(f'<row><c t="inlineStr">{words}</c></row>')))[1:] == ["東京"]

    async def test_with_a_style_or_a_string_that_is_not_there_costs_nothing_else(self, reading: Reading) -> None:
        cells = '<c t="s"><v>99</v></c><c s="99"><v>0.5</v></c><c t="str"><v>kept</v></c>'
        assert lines(await reading("a.xlsx", with_rows(f"<row>{cells}</row>")))[1:] == ["0.5 | kept"]


class TestMergedCells:
    async def test_have_their_text_in_each_row_and_column(self, reading: Reading) -> None:
        def fill(book, sheet) -> None:
            sheet.merge_range("A1:E1", "Trade of the harbours", None)
            sheet.merge_range("A2:A3", "Port", None)
            sheet.merge_range("B2:C2", 2023, None)
            sheet.merge_range("D2:E2", 2024, None)
            sheet.write_row("B3", ["Import", "Export"] * 2)
            sheet.merge_range("A4:A5", "Gullvik", None)
            sheet.write_row("B4", [1, 2, 3, 4])
            sheet.write_row("B5", [5, 6, 7, 8])

        assert lines(await reading("a.xlsx", written(fill)))[1:] == [
            "Trade of the harbours",
            "Port: Gullvik | 2023 Import: 1 | 2023 Export: 2 | 2024 Import: 3 | 2024 Export: 4",
            "Port: Gullvik | 2023 Import: 5 | 2023 Export: 6 | 2024 Import: 7 | 2024 Export: 8",
        ]


class TestWhatIsBesideTheCells:
    async def test_is_read_comments_behind_their_row_and_drawings_at_the_end(self, reading: Reading) -> None:
        def fill(book, sheet) -> None:
            sheet.write_row("A1", ["Article", "Price"])
            sheet.write_row("A2", ["Rope", 3])
            sheet.write_row("A3", ["Paint", 9])
            sheet.write_comment("B1", "in crowns", {"author": "Bo"})
            sheet.write_comment("B2", "a metre", {"author": "Ada"})
            sheet.insert_textbox("E2", "Boxes of fifty only\nno returns")
            chart = book.add_chart({"type": "line"})
            chart.add_series({"name": "Landings", "categories": "=S!$A$2:$A$3", "values": "=S!$B$2:$B$3"})
            chart.set_title({"name": "Prices in spring"})
            chart.set_x_axis({"name": "Goods"})
            sheet.insert_chart("H2", chart)

        found = lines(await reading("a.xlsx", written(fill)))[1:]
        assert found[:4] == [
            "[Comment on B1 by Bo: in crowns]",
            "Article: Rope | Price: 3",
            "[Comment on B2 by Ada: a metre]",
            "Article: Paint | Price: 9",
        ]
        assert {"Prices in spring · Goods", "Landings: Rope 3, Paint 9", "Boxes of fifty only", "no returns"} <= set(
            found
        )

    async def test_may_be_a_thread_of_comments_of_which_old_programs_get_a_copy(self, reading: Reading) -> None:
        note = '<comment ref="A1" authorId="0"><text><t>[Threaded comment] a copy</t></text></comment>'
        answers = "".join(
            f'<threadedComment ref="A1" personId="p{person}"><text>{text}</text></threadedComment>'
            for person, text in ((1, "Is this right?"), (2, "It is."))
        )
        people = '<person id="p1" displayName="Ada"/><person id="p2" displayName="Bo"/>'
        content = samples.changed(
            harm.sheet(),
            {
                "xl/worksheets/_rels/sheet1.xml.rels": samples.relationships(
                    f'<Relationship Id="a" Type="{samples.RELATIONS}/comments" Target="../comments1.xml"/>'
                    f'<Relationship Id="b" Type="urn:x/threadedComment" Target="/xl/threads/one.xml"/>'
                ),
                "xl/_rels/workbook.xml.rels": samples.relationships(
                    f'<Relationship Id="r1" Type="{samples.RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
                    f'<Relationship Id="p" Type="urn:x/person" Target="persons/person.xml"/>'
                ),
                "xl/comments1.xml": f'<comments xmlns="{SPACE}"><authors><author>tc={{1}}</author></authors>'
                f"<commentList>{note}</commentList></comments>",
                "xl/threads/one.xml": f'<ThreadedComments xmlns="{THREADED}">{answers}</ThreadedComments>',
                "xl/persons/person.xml": f'<personList xmlns="{THREADED}">{people}</personList>',
            },
        )
        found = lines(await reading("a.xlsx", content))

        assert "[Comment on A1 by Ada: Is this right?]" in found
        assert "[Comment on A1 by Bo: It is.]" in found
        assert not any("a copy" in line for line in found)

    @pytest.mark.parametrize(
        "part", ["xl/charts/chart1.xml", "xl/drawings/drawing1.xml", "xl/comments1.xml", "xl/styles.xml"]
    )
    @pytest.mark.parametrize("content", ["<broken", ""])
    async def test_may_be_broken_without_costing_the_rest(self, reading: Reading, part: str, content: str) -> None:
        def fill(book, sheet) -> None:
            sheet.write_row("A1", ["Article", "Price"])
            sheet.write_row("A2", ["Rope", 3])
            sheet.write_comment("B2", "a metre")
            chart = book.add_chart({"type": "line"})
            chart.add_series({"values": "=S!$B$2:$B$3"})
            sheet.insert_chart("H2", chart)

        outcome = await reading("a.xlsx", samples.changed(written(fill), {part: content}))
        assert "Article: Rope | Price: 3" in outcome.text

    async def test_may_be_all_that_there_is(self, reading: Reading) -> None:
        def fill(book, sheet) -> None:
            sheet.write_column("A1", [1, 2])
            chart = book.add_chart({"type": "pie"})
            chart.add_series({"name": "Shares", "values": "=S!$A$1:$A$2"})
            chart.set_title({"name": "A sheet with nothing but a chart"})
            book.add_chartsheet("Chart").set_chart(chart)

        sections = (await reading("a.xlsx", written(fill))).sections
        assert {section.heading for section in sections if "nothing but a chart" in section.text} == {"Chart"}
        assert sections[-1].page == 2


class TestAHiddenSheet:
    async def test_is_read_and_called_so(self, reading: Reading) -> None:
        def fill(book, sheet) -> None:
            sheet.write("A1", "seen")
            other = book.add_worksheet("Rates")
            other.write("A1", "unseen")
            other.hide()

        assert lines(await reading("a.xlsx", written(fill))) == ["S", "seen", "Rates (hidden sheet)", "unseen"]


class TestOtherWorkbooks:
    @pytest.mark.parametrize(
        "kind",
        [
            "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml",
        ],
    )
    async def test_may_have_macros_or_be_templates(self, reading: Reading, kind: str) -> None:
        usual = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
        outcome = await reading("a.xlsm", harm.with_type(harm.sheet(), usual, kind))
        assert "a: visible | b: text" in outcome.text

    @pytest.mark.parametrize("name", ["a.xls", "a.xlsx", "a.txt"])
    async def test_may_be_old_ones_whatever_they_are_called(self, reading: Reading, name: str) -> None:
        found = lines(await reading(name, OLD_WORKBOOK.read_bytes()))
        assert found == [
            "Landings",
            "Catch of the fleet",
            "Port: Gullvik | Day: 2024-03-09 | Boats: 12",
            "Port: Gullvik | Day: 2024-03-10 | Boats: 13",
        ]

    async def test_may_be_open_documents(self, reading: Reading) -> None:
        cell = samples.opendocument_cell
        note = "<office:annotation><text:p>of the fleet</text:p></office:annotation>"
        lasts = cell("36:05", entries='office:value-type="time" office:time-value="PT36H05M00S"', inside=note)
        merged = cell("Gullvik", entries='table:number-rows-spanned="2"')
        rows = (
            cell("Port") + cell("Lasts"),
            merged + lasts,
            "<table:covered-table-cell/>" + cell("1<text:s text:c='2'/>h", entries='table:number-columns-repeated="1"'),
        )
        outcome = await reading("a.ods", samples.opendocument_sheet(*rows))

        assert lines(outcome) == [
            "S",
            "Port: Gullvik | Lasts: 36:05",
            "[Comment: of the fleet]",
            "Port: Gullvik | Lasts: 1  h",
        ]

    async def test_that_are_open_documents_may_be_protected(self, reading: Reading) -> None:
        content = samples.changed(
            samples.opendocument_sheet(""), {"META-INF/manifest.xml": "<manifest><encryption-data/></manifest>"}
        )
        with pytest.raises(Unreadable, match="protected by a password"):
            await reading("a.ods", content)

    async def test_that_make_the_library_panic_are_broken(self, tmp_path, monkeypatch) -> None:
        class PanicException(BaseException):
            pass

        def panic(path: Path) -> None:
            raise PanicException

        monkeypatch.setattr(python_calamine, "load_workbook", panic)
        path = tmp_path / "a.xls"
        path.write_bytes(harm.OLE)
        with pytest.raises(Unreadable, match="not a spreadsheet"):
            list(sheets.read_sections(path))

    async def test_may_name_their_parts_in_other_letters(self, reading: Reading) -> None:
        with zipfile.ZipFile(io.BytesIO(harm.sheet())) as file:
            members = {
                name.replace("worksheets/sheet1", "Worksheets\\Sheet1"): file.read(name) for name in file.namelist()
            }
        assert "a: visible" in (await reading("a.xlsx", samples.archive(members))).text
