"""PowerPoint files, by python-pptx: a slide is a page, its title the heading."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree
from pptx.opc.package import PartFactory
from pptx.oxml.ns import qn
from pptx.package import Package
from pptx.parts.presentation import PresentationPart

from chat.documents.readers.office.drawings import DRAWINGS, description, drawing_text
from chat.documents.readers.office.strict_office import open_office
from chat.documents.readers.tables.rows import table_text
from chat.documents.sections import Section, as_paragraphs

PartFactory.part_type_for.update(
    dict.fromkeys(
        (
            "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
            "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
        ),
        PresentationPart,
    )
)
_SHAPE, _FRAME = qn("p:sp"), qn("p:graphicFrame")
_PICTURE, _NAMED = qn("p:pic"), f"{qn('p:nvPicPr')}/{qn('p:cNvPr')}"
_PARAGRAPH, _ROW, _CELL = qn("a:p"), qn("a:tr"), qn("a:tc")
_TEXT, _BREAK = qn("a:t"), qn("a:br")
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_PLACEHOLDER = f"{qn('p:nvSpPr')}/{qn('p:nvPr')}/{qn('p:ph')}"
_TITLES = frozenset(("title", "ctrTitle"))


def read_sections(path: Path) -> Iterator[Section]:
    """Yield the text of each slide in the order of its shapes, the title first, then its notes; blank slides too.

    Tables are ``cell | cell`` lines, charts a line a series, pictures their descriptions. Raise what python-pptx raises
    for a broken file.
    """
    with open_office(path) as file:
        presentation: Any = Package.open(file).main_document_part.presentation  # ``pptx.Presentation`` refuses shows
    for number, slide in enumerate(presentation.slides, start=1):
        title, *texts = _texts(slide)
        text = "\n\n".join(filter(None, (title, *texts, _notes(slide))))
        yield Section(number, " ".join(title.split()), as_paragraphs(text))


def _texts(slide: Any) -> list[str]:
    """Return the title, ``""`` if there is none, and the texts of the other shapes, those in groups too."""
    title, texts = "", []
    tree = slide.shapes._spTree
    etree.strip_elements(tree, _FALLBACK, with_tail=False)
    for shape in tree.iter(*_TEXT_OF):
        text = _TEXT_OF[shape.tag](slide, shape)
        if text and not title and _is_title(shape):
            title = text
        elif text:
            texts.append(text)
    return [title, *texts]


def _is_title(shape: Any) -> bool:
    placeholder = shape.find(_PLACEHOLDER)
    return placeholder is not None and placeholder.get("type") in _TITLES


def _shape(_slide: Any, shape: Any) -> str:
    return _paragraphs(shape)


def _picture(_slide: Any, picture: Any) -> str:
    """Return the description that its author gave it, for those who cannot see it."""
    named = picture.find(_NAMED)
    words = "" if named is None else description(named)
    return f"[Picture: {words}]" if words else ""


def _paragraphs(parent: Any) -> str:
    lines = (
        "".join(node.text or "" if node.tag == _TEXT else "\n" for node in paragraph.iter(_TEXT, _BREAK))
        for paragraph in parent.iter(_PARAGRAPH)
    )
    return "\n".join(line for line in lines if line.strip())


def _frame(slide: Any, frame: Any) -> str:
    """Return the text of a table, chart or diagram; ``""`` for other frames."""
    if (drawing := next(frame.iter(*DRAWINGS), None)) is not None:
        return drawing_text(slide.part, drawing)
    return table_text([[" ".join(_paragraphs(cell).split()) for cell in row.iter(_CELL)] for row in frame.iter(_ROW)])


_TEXT_OF = {_SHAPE: _shape, _FRAME: _frame, _PICTURE: _picture}


def _notes(slide: Any) -> str:
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    return f"Notes: {frame.text.strip()}" if frame is not None and frame.text.strip() else ""
