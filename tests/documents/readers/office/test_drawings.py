"""Charts, diagrams and pictures of presentations and documents."""

from __future__ import annotations

import io
from typing import Any

import docx
import pptx
import pytest
from docx.oxml import parse_xml as parse_docx
from docx.oxml.ns import nsdecls
from PIL import Image
from pptx.chart.data import BubbleChartData, CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml import parse_xml
from pptx.util import Inches

from tests.documents.conftest import Reading
from tests.documents.samples import RELATIONS, add_part, saved

CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
WORDS = f"""<dgm:dataModel xmlns:dgm='{DIAGRAM}' xmlns:a='http://schemas.openxmlformats.org/drawingml/2006/main'>
<dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>Master</a:t></a:r></a:p></dgm:t></dgm:pt><dgm:pt type='pres'/>
<dgm:pt><dgm:t><a:p><a:r><a:t>Ice </a:t></a:r><a:r><a:t>watch</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst>
</dgm:dataModel>"""


def deck() -> tuple[Any, Any]:
    presentation = pptx.Presentation()
    return presentation, presentation.slides.add_slide(presentation.slide_layouts[6])


def add_chart(slide: Any, kind: Any, data: Any) -> Any:
    return slide.shapes.add_chart(kind, 0, 0, Inches(3), Inches(3), data).chart


def rain(*values: float | None) -> CategoryChartData:
    data = CategoryChartData()
    data.categories = ["May", "June", "July"][: len(values)]
    data.add_series("Rain", values)
    return data


class TestAChart:
    async def test_in_three_dimensions_is_read_as_others(self, reading: Reading) -> None:
        presentation, slide = deck()
        chart = add_chart(slide, XL_CHART_TYPE.COLUMN_CLUSTERED, rain(12, 40))
        chart._chartSpace.find(f".//{{{CHART}}}barChart").tag = f"{{{CHART}}}bar3DChart"

        assert (await reading("c.pptx", saved(presentation))).text == "Rain: May 12, June 40\n\n"

    async def test_has_its_titles(self, reading: Reading) -> None:
        presentation, slide = deck()
        chart = add_chart(slide, XL_CHART_TYPE.LINE, rain(12.5))
        chart.has_title = chart.value_axis.has_title = True
        chart.chart_title.text_frame.text, chart.value_axis.axis_title.text_frame.text = "Weather", "Millimetres"

        outcome = await reading("c.pptx", saved(presentation))

        assert outcome.text == "Weather · Millimetres\nRain: May 12.5\n\n"

    async def test_leaves_out_what_has_no_value(self, reading: Reading) -> None:
        presentation, slide = deck()
        add_chart(slide, XL_CHART_TYPE.LINE, rain(12, None, 3))

        assert (await reading("c.pptx", saved(presentation))).text == "Rain: May 12, July 3\n\n"

    async def test_of_points_has_both_numbers_of_each(self, reading: Reading) -> None:
        presentation, slide = deck()
        points, bubbles = XyChartData(), BubbleChartData()
        series, sized = points.add_series("Tug"), bubbles.add_series("Towns")
        series.add_data_point(4, 11.5)
        sized.add_data_point(1, 2, 30)
        add_chart(slide, XL_CHART_TYPE.XY_SCATTER, points)
        add_chart(slide, XL_CHART_TYPE.BUBBLE, bubbles)

        assert (await reading("c.pptx", saved(presentation))).text == "Tug: 4 11.5\n\nTowns: 1 2 30\n\n"

    @pytest.mark.parametrize("part", [b"<broken", b"<c:chartSpace xmlns:c='urn:other'/>"])
    async def test_that_is_broken_costs_no_more_than_itself(self, reading: Reading, part: bytes) -> None:
        presentation, slide = deck()
        frame = slide.shapes.add_chart(XL_CHART_TYPE.LINE, 0, 0, Inches(3), Inches(3), rain(1))
        broken = Part(PackURI("/ppt/charts/other.xml"), "application/xml", presentation.part.package, part)
        reference = frame._element.find(f".//{{{CHART}}}chart")
        reference.set(f"{{{RELATIONS}}}id", slide.part.relate_to(broken, f"{RELATIONS}/chart"))
        slide.shapes.add_textbox(0, 0, 100, 100).text_frame.text = "The ferry is late."

        assert (await reading("c.pptx", saved(presentation))).text == "The ferry is late.\n\n"

    async def test_in_a_document_stands_behind_its_paragraph(self, reading: Reading) -> None:
        document = docx.Document()
        point = "<c:pt idx='0'><c:v>{}</c:v></c:pt>"
        series = f"<c:tx><c:v>Rain</c:v></c:tx><c:cat>{point.format('May')}</c:cat><c:val>{point.format(12)}</c:val>"
        id = add_part(document, "chart", f"<c:chartSpace xmlns:c='{CHART}'><c:ser>{series}</c:ser></c:chartSpace>")
        drawing = (
            f"<w:r><w:t>See:</w:t></w:r><w:r><w:drawing><c:chart xmlns:c='{CHART}' r:id='{id}'/></w:drawing></w:r>"
        )
        document.element.body.insert(0, parse_docx(f"<w:p {nsdecls('w', 'r')}>{drawing}</w:p>"))

        assert (await reading("c.docx", saved(document))).text == "See:\n\nRain: May 12\n\n"


class TestADiagram:
    async def test_has_its_words(self, reading: Reading) -> None:
        presentation, slide = deck()
        part = Part(PackURI("/ppt/diagrams/data1.xml"), "application/xml", presentation.part.package, WORDS.encode())
        id = slide.part.relate_to(part, f"{RELATIONS}/diagramData")
        frame = slide.shapes.add_chart(XL_CHART_TYPE.LINE, 0, 0, Inches(3), Inches(3), rain(1))._element
        reference = frame.find(f".//{{{CHART}}}chart")
        named = f"<dgm:relIds xmlns:dgm='{DIAGRAM}' xmlns:r='{RELATIONS}' r:dm='{id}'/>"
        reference.getparent().replace(reference, parse_xml(named))

        assert (await reading("d.pptx", saved(presentation))).text == "Master\nIce watch\n\n"


class TestAPicture:
    @pytest.mark.parametrize(
        ("description", "text"),
        [("Map: the shoal lies  east", "[Picture: Map: the shoal lies east]"), ("IMG_1.jpeg", ""), ("", "")],
    )
    async def test_is_told_by_its_description(self, reading: Reading, description: str, text: str) -> None:
        picture = io.BytesIO()
        Image.new("L", (2, 2)).save(picture, "PNG")
        presentation, slide = deck()
        slide.shapes.add_picture(picture, 0, 0)._element.nvPicPr.cNvPr.set("descr", description)
        slide.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "end"
        document = docx.Document()
        document.add_picture(picture)
        document.element.body.find(".//{*}docPr").set("descr", description)
        document.add_paragraph("end")

        for name, file in (("p.pptx", presentation), ("p.docx", document)):
            outcome = await reading(name, saved(file))
            assert outcome.text == (f"{text}\n\nend\n\n" if text else "end\n\n")
