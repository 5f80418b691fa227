"""Documents made on the fly: PDFs and workbooks by hand, the rest by the usual libraries."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import docx
import pptx
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from pptx.util import Inches

Line = tuple[float, float, str]
"""Where a line of text begins, in points from the lower left corner, and the text."""

FONT_SIZE = 10
LETTER_WIDTH = 500
"""Of every letter, in thousandths of the font's size."""


RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def saved(document: Any) -> bytes:
    """The file of a document or presentation."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def add_part(document: Any, kind: str, xml: str) -> str:
    """Add a part that the document refers to, and return the reference's id."""
    part = Part(PackURI(f"/word/{kind}1.xml"), "application/xml", xml.encode(), document.part.package)
    return document.part.relate_to(part, f"{RELATIONS}/{kind}")


class Content(list[Line]):
    """A page as the operators that draw it. Letters have the numbers of those of the other pages, sorted."""

    def __init__(self, operators: str) -> None:
        super().__init__()
        self.operators = operators


def pdf(
    pages: Sequence[Sequence[Line]],
    *,
    bookmarks: Sequence[tuple[str, int]] = (),
    extra: str = "",
    catalogue: str = "",
) -> bytes:
    """A PDF with lines of text anywhere on its pages, in any script; bookmarks as ``(title, page index)``.

    ``extra`` goes into the trailer, ``catalogue`` into the catalogue.
    """
    letters = sorted({letter for page in pages for _, _, text in page for letter in text})
    codes = {letter: code for code, letter in enumerate(letters, start=1)}
    first_page, first_bookmark = 8, 8 + 2 * len(pages)
    kids = " ".join(f"{first_page + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        f"<</Type/Catalog/Pages 2 0 R/Outlines 7 0 R{catalogue}>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>",
        "<</Type/Font/Subtype/Type0/BaseFont/F/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 6 0 R>>",
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont/F/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
        f"/Supplement 0>>/FontDescriptor 5 0 R/DW {LETTER_WIDTH}/CIDToGIDMap/Identity>>",
        "<</Type/FontDescriptor/FontName/F/Flags 4/FontBBox[0 -200 1000 800]/ItalicAngle 0/Ascent 800/Descent -200"
        "/CapHeight 700/StemV 80>>",
        stream(_unicode_map(codes)),
        _outline(len(bookmarks), first_bookmark),
    ]
    for index, page in enumerate(pages):
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F 3 0 R>>>>"
            f"/Contents {first_page + 2 * index + 1} 0 R>>"
        )
        drawn = page.operators if isinstance(page, Content) else "\n".join(_shown(line, codes) for line in page)
        objects.append(stream(drawn))
    for number, (title, index) in enumerate(bookmarks):
        following = f"/Next {first_bookmark + number + 1} 0 R" if number + 1 < len(bookmarks) else ""
        objects.append(
            f"<</Title<FEFF{title.encode('utf-16-be').hex()}>/Parent 7 0 R"
            f"/Dest[{first_page + 2 * index} 0 R/Fit]{following}>>"
        )
    return assemble(objects, extra=extra)


def form() -> bytes:
    """A PDF with a filled form: a text, a choice, a box that is ticked and one that is not; free text and a comment."""
    labels = ((700, "Name of ship:", 72), (670, "Berth:", 72), (640, "shore power", 100), (610, "fresh water", 100))
    shown = "".join(f"BT /F 10 Tf {left} {bottom} Td ({text}) Tj ET\n" for bottom, text, left in labels)
    widget = "<</Type/Annot/Subtype/Widget/F 4"
    box = "/AP<</N<</Yes 5 0 R/Off 5 0 R>>>>"
    return assemble(
        [
            "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R 7 0 R 8 0 R 9 0 R]>>>>",
            "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
            "/Annots[11 0 R 10 0 R 9 0 R 8 0 R 7 0 R 6 0 R]"
            "/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
            stream(shown),
            stream("", entries="/Type/XObject/Subtype/Form/BBox[0 0 9 9]"),
            f"{widget}/FT/Tx/T(ship)/V(Sea Lark)/Rect[150 696 300 712]>>",
            f"{widget}/FT/Ch/Ff 131072/T(berth)/Opt[[(q2)(Quay Two)][(q9)(Quay Nine)]]/V(q9)/Rect[150 666 300 682]>>",
            f"{widget}/FT/Btn/T(power)/V/Yes/AS/Yes{box}/Rect[72 638 84 650]>>",
            f"{widget}/FT/Btn/T(water)/V/Off/AS/Off{box}/Rect[72 608 84 620]>>",
            "<</Type/Annot/Subtype/FreeText/F 4/Contents(Seen by the master)/DA(/F 10 Tf)/Rect[72 570 200 590]>>",
            "<</Type/Annot/Subtype/Text/F 4/Contents(Ask for the draught)/T(Ada)/Rect[72 540 90 558]>>",
        ]
    )


def assemble(objects: Sequence[str], *, extra: str = "") -> bytes:
    """A PDF of numbered ``objects``, of which the first is the catalogue."""
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1"))
    start = out.tell()
    out.write(f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n".encode())
    out.write("".join(f"{place:010} 00000 n \n" for place in places).encode())
    out.write(f"trailer\n<</Size {len(places) + 1}/Root 1 0 R{extra}>>\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def stream(content: str, *, entries: str = "") -> str:
    """A PDF stream object; ``content`` is Latin-1."""
    return f"<</Length {len(content)}{entries}>>\nstream\n{content}\nendstream"


def prose(lines: Iterable[str], *, left: float = 72, top: float = 720, leading: float = 14) -> list[Line]:
    """``lines`` one below the other."""
    return [(left, top - leading * number, line) for number, line in enumerate(lines)]


def _shown(line: Line, codes: Mapping[str, int]) -> str:
    left, bottom, text = line
    content = "".join(f"{codes[letter]:04x}" for letter in text)
    return f"BT /F {FONT_SIZE} Tf 1 0 0 1 {left} {bottom} Tm <{content}> Tj ET"


def _unicode_map(codes: Mapping[str, int]) -> str:
    pairs = [f"<{code:04x}> <{letter.encode('utf-16-be').hex()}>" for letter, code in codes.items()]
    blocks = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
    maps = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /M def /CMapType 2 def\n"
        f"1 begincodespacerange <0000> <ffff> endcodespacerange\n{maps}\nendcmap end end"
    )


def _outline(count: int, first: int) -> str:
    return f"<</Type/Outlines/First {first} 0 R/Last {first + count - 1} 0 R/Count {count}>>" if count else "<<>>"


def word(parts: Iterable[tuple[str, str] | Sequence[Sequence[str]]]) -> bytes:
    """A .docx of ``(style, text)`` paragraphs and tables (rows of cells)."""
    document = docx.Document()
    for part in parts:
        if isinstance(part, tuple):
            document.add_paragraph(part[1], style=part[0])
            continue
        table = document.add_table(rows=len(part), cols=len(part[0]))
        for row, cells in zip(table.rows, part, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    return saved(document)


def slides(pages: Iterable[tuple[str, str, str]], *, table: Sequence[Sequence[str]] = ()) -> bytes:
    """A .pptx of ``(title, body, notes)`` slides, with ``table`` on the last one."""
    deck = pptx.Presentation()
    for title, body, notes in pages:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
    if table:
        area = (Inches(1), Inches(3), Inches(5), Inches(2))
        grid = slide.shapes.add_table(len(table), len(table[0]), *area).table
        for row, cells in zip(grid.rows, table, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    return saved(deck)


def workbook(sheets: Mapping[str, Iterable[Sequence[str | float]]]) -> bytes:
    """An .xlsx of named sheets, rows of cells each."""
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="r{number}"/>'
        for number, name in zip(numbers, sheets, strict=True)
    )
    links = "".join(
        f'<Relationship Id="r{number}" Type="{relations}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    members = {
        "[Content_Types].xml": content_types(
            {"/xl/workbook.xml": f"{main}.sheet.main+xml"}
            | {f"/xl/worksheets/sheet{number}.xml": f"{main}.worksheet+xml" for number in numbers}
        ),
        "_rels/.rels": relationships(
            f'<Relationship Id="r1" Type="{relations}/officeDocument" Target="xl/workbook.xml"/>'
        ),
        "xl/workbook.xml": f'<workbook xmlns="{space}" xmlns:r="{relations}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relationships(links),
    }
    for number, rows in zip(numbers, sheets.values(), strict=True):
        body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
        members[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{space}"><sheetData>{body}</sheetData></worksheet>'
        )
    return archive(members)


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def opendocument_sheet(*rows: str, prolog: str = "") -> bytes:
    """An .ods of one sheet, S, with rows of ``opendocument_cell``."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    table = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    body = f'<office:spreadsheet><table:table table:name="S">{table}</table:table></office:spreadsheet>'
    content = f"<office:document-content {spaces}><office:body>{body}</office:body></office:document-content>"
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": prolog + content,
            "META-INF/manifest.xml": "<manifest/>",
        }
    )


def opendocument_cell(text: str, *, entries: str = "", inside: str = "") -> str:
    """A cell that shows ``text``, which is XML, with attributes and elements."""
    return f"<table:table-cell {entries}>{inside}<text:p>{text}</text:p></table:table-cell>"


def content_types(parts: Mapping[str, str]) -> str:
    """``[Content_Types].xml`` for parts and their types."""
    overrides = "".join(f'<Override PartName="{part}" ContentType="{kind}"/>' for part, kind in parts.items())
    return (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def relationships(links: str) -> str:
    """A relationships part."""
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}</Relationships>'
    )


def archive(members: Mapping[str, str | bytes]) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return out.getvalue()


def open_text(body: str) -> bytes:
    """An .odt with ``body``, which may use the style H, for hidden text, and the list style L, ``1.`` and ``a)``."""
    return _open_document("text", body)


def open_slides(body: str) -> bytes:
    """An .odp with ``body``."""
    return _open_document("presentation", body)


def _open_document(kind: str, body: str) -> bytes:
    declared = f"application/vnd.oasis.opendocument.{kind}"
    return archive({"mimetype": declared, "content.xml": open_content(body, kind=kind)})


def open_content(body: str, *, kind: str = "text") -> str:
    """``content.xml`` of an OpenDocument file."""
    names = {"drawing": "draw", "svg-compatible": "svg"}
    spaces = " ".join(
        f'xmlns:{names.get(name, name)}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table", "style", "drawing", "presentation", "svg-compatible")
    )
    others = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'
    styles = (
        '<style:style style:name="H"><style:text-properties text:display="none"/></style:style>'
        '<text:list-style style:name="L">'
        '<text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>'
        '<text:list-level-style-number text:level="2" style:num-format="a" style:num-suffix=")"/></text:list-style>'
    )
    return (
        f"<office:document-content {spaces} {others}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )


def book(chapters: Mapping[str, str], *, titles: Mapping[str, str], spine: Sequence[str] = ()) -> bytes:
    """An .epub of the bodies of chapters by name, with titles of some in the table of contents."""
    items = "".join(f"<item id={quoteattr(name)} href={quoteattr(name)}/>" for name in {*chapters, *spine})
    order = "".join(f"<itemref idref={quoteattr(name)}/>" for name in spine or chapters)
    contents = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    points = "".join(
        f"<navPoint><navLabel><text>{title}</text></navLabel><content src={quoteattr(name)}/></navPoint>"
        for name, title in titles.items()
    )
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{}</body></html>'
    return archive(
        {
            "META-INF/container.xml": '<container xmlns="urn:c"><rootfile full-path="text/book.opf"/></container>',
            "text/book.opf": f'<package xmlns="urn:p"><manifest>{items}{contents}</manifest>'
            f"<spine>{order}</spine></package>",
            "text/toc.ncx": f'<ncx xmlns="urn:n">{points}</ncx>',
        }
        | {f"text/{name}": page.format(body) for name, body in chapters.items()}
    )


def changed(document: bytes, members: Mapping[str, str | bytes]) -> bytes:
    """The Office file ``document`` with some members added or replaced."""
    with zipfile.ZipFile(io.BytesIO(document)) as file:
        kept = {name: file.read(name) for name in file.namelist()}
    return archive(kept | dict(members))
