from __future__ import annotations

import io
import zipfile

import docx
import pptx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from chat.documents.readers import sheets
from tests.documents import harm, samples
from tests.documents.conftest import Reading
from tests.documents.samples import saved


class TestAWordDocument:
    async def test_gives_a_section_a_heading(self, reading: Reading) -> None:
        parts = [
            ("Normal", "Before."),
            ("Heading 1", "Cats"),
            ("Normal", "猫 😺"),
            ("Heading 2", "Kittens"),
            ("Normal", "mew"),
        ]
        outcome = await reading("pets.docx", samples.word(parts))

        assert [(section.page, section.heading, section.text) for section in outcome.sections] == [
            (None, "", "Before.\n\n"),
            (None, "Cats", "Cats\n\n猫 😺\n\n"),
            (None, "Kittens", "Kittens\n\nmew\n\n"),
        ]

    async def test_has_its_tables_in_their_place(self, reading: Reading) -> None:
        outcome = await reading(
            "t.docx", samples.word([("Normal", "a"), [["شهر", "km"], ["May", "12"]], ("Normal", "z")])
        )

        assert outcome.text == "a\n\nشهر | km\nMay | 12\n\nz\n\n"

    async def test_gives_what_is_in_controls_boxes_and_insertions_but_nothing_twice(self, reading: Reading) -> None:
        document = docx.Document()
        spaces = nsdecls("w")
        text = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
        inside = f"<w:txbxContent>{text.format('boxed')}</w:txbxContent>"
        box = f"<w:pict><v:textbox xmlns:v='urn:v'>{inside}</v:textbox></w:pict>"
        for xml in (
            f"<w:sdt {spaces}><w:sdtContent>{text.format('controlled')}</w:sdtContent></w:sdt>",
            f"<w:p {spaces}><w:ins><w:r><w:t>inserted</w:t></w:r></w:ins>"
            "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del></w:p>",
            f"<w:p {spaces}><w:r><mc:AlternateContent "
            "xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'>"
            f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>",
        ):
            document.element.body.insert(0, parse_xml(xml))
        outcome = await reading("c.docx", saved(document))

        assert outcome.text.split() == ["boxed", "inserted", "controlled"]


class TestAPowerPointFile:
    async def test_gives_its_slides_with_titles_and_notes(self, reading: Reading) -> None:
        deck = samples.slides([("Cats", "purr\nmew", "Pause here."), ("الكلاب", "🐕", "")])
        outcome = await reading("pets.pptx", deck)

        assert [(section.page, section.heading, section.text) for section in outcome.sections] == [
            (1, "Cats", "Cats\n\npurr\nmew\n\nNotes: Pause here.\n\n"),
            (2, "الكلاب", "الكلاب\n\n🐕\n\n"),
        ]
        assert outcome.summary.pages == 2

    async def test_has_its_tables_row_by_row(self, reading: Reading) -> None:
        outcome = await reading("t.pptx", samples.slides([("T", "b", "")], table=[["a", "b"], ["1", "2"]]))

        assert "a | b\n1 | 2" in outcome.text

    async def test_tells_groups_and_charts(self, reading: Reading) -> None:
        deck = pptx.Presentation()
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        group = slide.shapes.add_group_shape().shapes.add_group_shape()
        group.shapes.add_textbox(0, 0, 100, 100).text_frame.text = "deep inside"
        data = CategoryChartData()
        data.categories = ["May", "June"]
        data.add_series("Rain", (12, 40))
        slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, 0, 0, Inches(3), Inches(3), data)
        outcome = await reading("c.pptx", saved(deck))

        assert "deep inside" in outcome.text
        assert "Rain: May 12, June 40" in outcome.text


class TestAWorkbook:
    async def test_names_the_column_of_every_cell(self, reading: Reading) -> None:
        people = [["Staff, as of May"], ["name", "born", "note"], ["Ada", 1815.0, ""], ["Bob & Co", 0.5, "一行\n二行"]]
        outcome = await reading(
            "people.xlsx", samples.workbook({"People": people, "Empty": [], "数": [["x", "y"], ["é", 2]]})
        )

        lines = [(section.page, line) for section in outcome.sections for line in section.text.splitlines() if line]
        assert lines == [
            (1, "People"),
            (1, "Staff, as of May"),
            (1, "name: Ada | born: 1815"),
            (1, "name: Bob & Co | born: 0.5 | note: 一行 二行"),
            (3, "数"),
            (3, "x: é | y: 2"),
        ]
        assert {section.heading for section in outcome.sections} == {"People", "数"}

    async def test_without_a_header_is_read_as_plain_rows(self, reading: Reading) -> None:
        outcome = await reading("n.xlsx", samples.workbook({"S": [[1, 2], [3, 4]]}))

        assert "1 | 2\n3 | 4\n" in outcome.text

    async def test_gives_many_rows_in_several_sections(self, tmp_path) -> None:
        path = tmp_path / "many.xlsx"
        path.write_bytes(samples.workbook({"S": [["a", "b"], *([float(n), "x"] for n in range(1000))]}))

        found = list(sheets.read_sections(path))
        assert len(found) > 4
        assert all(line.startswith("a: ") for section in found[1:] for line in section.text.splitlines())


class TestOfficeFiles:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.docx", samples.slides([("Title", "body", "")])),
            ("a.txt", samples.slides([("Title", "body", "")])),
            ("a.pdf", samples.slides([("Title", "body", "")])),
        ],
    )
    async def test_are_read_as_what_they_are(self, reading: Reading, name: str, content: bytes) -> None:
        assert (await reading(name, content)).summary.kind == "slides"

    async def test_with_odd_member_names_and_links_are_read_and_nothing_is_written(self, reading, tmp_path) -> None:
        document = samples.changed(
            samples.word([("Normal", "harmless")]),
            {"../../escaped.txt": "x", "/absolute.txt": "x", "word\\..\\up.txt": "x"},
        )
        with zipfile.ZipFile(stored := io.BytesIO(document), "a") as file:
            link = zipfile.ZipInfo("word/link")
            link.external_attr = 0o120777 << 16
            file.writestr(link, "/etc/passwd")
        outcome = await reading("odd.docx", stored.getvalue())

        assert outcome.text == "harmless\n\n"
        assert [path.name for path in tmp_path.iterdir()] == ["stored"]


class TestATemplateOrAFileWithMacros:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("a.docm", "ms-word.document.macroEnabled"),
            ("a.dotm", "ms-word.template.macroEnabledTemplate"),
            ("a.dotx", "openxmlformats-officedocument.wordprocessingml.template"),
            ("a.docx", "ms-word.document.macroEnabled"),
        ],
    )
    async def test_of_word_is_read_like_any_other(self, reading: Reading, name: str, kind: str) -> None:
        usual = "openxmlformats-officedocument.wordprocessingml.document"
        content = harm.with_type(samples.word([("Normal", "quay")]), f"vnd.{usual}.main", f"vnd.{kind}.main")

        assert (await reading(name, content)).text == "quay\n\n"

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("a.pptm", "ms-powerpoint.presentation.macroEnabled"),
            ("a.ppsm", "ms-powerpoint.slideshow.macroEnabled"),
            ("a.potm", "ms-powerpoint.template.macroEnabled"),
            ("a.ppsx", "openxmlformats-officedocument.presentationml.slideshow"),
            ("a.potx", "openxmlformats-officedocument.presentationml.template"),
        ],
    )
    async def test_of_powerpoint_is_read_like_any_other(self, reading: Reading, name: str, kind: str) -> None:
        usual = "openxmlformats-officedocument.presentationml.presentation"
        content = harm.with_type(samples.slides([("Quay", "twelve", "")]), f"vnd.{usual}.main", f"vnd.{kind}.main")

        assert (await reading(name, content)).text == "Quay\n\ntwelve\n\n"


class TestALongTable:
    async def test_of_a_document_or_slide_names_its_columns_in_every_row(self, reading: Reading) -> None:
        rows = [["Berth", "Depth"], *([f"N{number}", f"{number} metres of water"] for number in range(60))]
        for name, content in (
            ("a.docx", samples.word([rows])),
            ("a.pptx", samples.slides([("Berths", "", "")], table=rows)),
        ):
            assert "Berth: N41 | Depth: 41 metres of water\n" in (await reading(name, content)).text
