"""Word documents: python-docx opens them, and the text is gathered from the XML below.

Not through python-docx's paragraphs: they leave out content controls and inserted text. Of tracked changes, the text as
it would be if all were accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docx.opc.part import PartFactory
from docx.oxml.ns import qn
from docx.package import Package
from docx.parts.document import DocumentPart
from lxml import etree

from chat.documents.readers.office.equations import EQUATION, equation_text
from chat.documents.readers.office.strict_office import open_office
from chat.documents.readers.office.word_extras import margins, put_in_place
from chat.documents.readers.tables.rows import table_text
from chat.documents.sections import Section

PartFactory.part_type_for.update(
    dict.fromkeys(
        (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
            "application/vnd.ms-word.document.macroEnabled.main+xml",
            "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
        ),
        DocumentPart,
    )
)
_PARAGRAPH, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_CONTROL, _CONTROLLED = qn("w:sdt"), qn("w:sdtContent")
_TEXT, _SYMBOL = qn("w:t"), qn("w:sym")
# Of Word's fonts of symbols: boxes, ticks, crosses, arrows, bullets.
_SYMBOLS = {
    **{"F0A8": "☐", "F06F": "☐", "F071": "☐", "F0FE": "☑", "F0FD": "☒", "F078": "☒", "F053": "☒", "F052": "☑"},
    **{"F0FC": "✓", "F0FB": "✗", "F050": "✓", "F04F": "✗", "F0E0": "→", "F0DF": "←", "F0B7": "•", "F0A7": "▪"},
    **{"2610": "☐", "2611": "☑", "2612": "☒", "2713": "✓", "2714": "✔", "2717": "✗", "2192": "→", "2022": "•"},
}
_BREAKS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-", _PARAGRAPH: "\n"}
_SKIPPED = (
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",  # the same text once more, for old Word
    qn("w:moveFrom"),
    qn("w:tabs"),  # tab stops, whose elements are named like tabs
)
_MOST_COLUMNS = 63  # of a table in Word
_STYLE = f"{qn('w:pPr')}/{qn('w:pStyle')}"
_VALUE = qn("w:val")


def read_sections(path: Path) -> Iterator[Section]:
    """Yield the document's text, a section a heading; tables as ``cell | cell`` lines. There are no pages.

    Raise what python-docx raises for a broken one.
    """
    with open_office(path) as file:
        document: Any = Package.open(file).main_document_part.document  # ``docx.Document`` refuses templates
    body, styles = document.element.body, document.styles.element
    etree.strip_elements(body, *_SKIPPED, with_tail=False)
    put_in_place(document)
    heading_styles = _heading_styles(styles)
    heading = ""
    pending: list[str] = []
    for block in _inside(body, _PARAGRAPH, _TABLE):
        text = _table(block) if block.tag == _TABLE else _text(block)
        if text and _style(block) in heading_styles:
            yield Section(None, heading, "".join(pending))
            heading, pending = " ".join(text.split()), []
        if text:
            pending.append(f"{text}\n\n")
    pending += (f"{text}\n\n" for text in margins(document))
    yield Section(None, heading, "".join(pending))


def _heading_styles(styles: Any) -> set[str]:
    """Return the ids of styles that are headings."""
    # Word's names of its own styles are English in every language.
    ids = set()
    for style in styles.iterfind(qn("w:style")):
        name = style.find(qn("w:name"))
        words = (name.get(_VALUE, "") if name is not None else "").casefold()
        if words.startswith("heading ") or words == "title":
            ids.add(style.get(qn("w:styleId"), ""))
    return ids


def _style(block: Any) -> str | None:
    """Return the id of a paragraph's style; None for a paragraph without one and for a table."""
    style = block.find(_STYLE)
    return None if style is None else style.get(_VALUE)


def _inside(parent: Any, *tags: str) -> Iterator[Any]:
    """Yield the children of ``parent`` that have one of ``tags``, those in content controls too."""
    for child in parent:
        if child.tag in tags:
            yield child
        elif child.tag == _CONTROL:
            for content in child.iterfind(_CONTROLLED):
                yield from _inside(content, *tags)


def _table(table: Any) -> str:
    above: list[str] = []
    rows = []
    for row in _inside(table, _ROW):
        above = _cells(row, above)
        rows.append(above)
    return table_text(rows)


def _cells(row: Any, above: list[str]) -> list[str]:
    """Return the texts of a row. A merged cell is repeated in each column and row over which it goes."""
    cells: list[str] = []
    for cell in _inside(row, _CELL):
        properties = cell.find(qn("w:tcPr"))
        span, merged = (None, None) if properties is None else map(properties.find, (qn("w:gridSpan"), qn("w:vMerge")))
        is_continued = merged is not None and merged.get(_VALUE) != "restart" and len(cells) < len(above)
        text = above[len(cells)] if is_continued else " ".join(_text(cell).split())
        columns = 1 if span is None or not (span.get(_VALUE) or "").isdigit() else int(span.get(_VALUE))
        cells += [text] * min(max(columns, 1), _MOST_COLUMNS)
    return cells


def _text(block: Any) -> str:
    """Return all text below ``block``, that of text boxes and tables in it too."""
    return "".join(_words(node) for node in block.iter(_TEXT, EQUATION, _SYMBOL, *_BREAKS)).strip()


def _words(node: Any) -> str:
    if node.tag == EQUATION:
        return equation_text(node)
    if node.tag == _SYMBOL:
        return _SYMBOLS.get(node.get(qn("w:char"), "").upper(), "")
    return node.text or "" if node.tag == _TEXT else _BREAKS[node.tag]
