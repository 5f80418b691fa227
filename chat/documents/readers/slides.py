"""PowerPoint files, by python-pptx: a slide is a page, its title the heading."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pptx
from lxml import etree
from pptx.oxml.ns import qn

from chat.documents.sections import Section, as_paragraphs

_SHAPE, _FRAME = qn("p:sp"), qn("p:graphicFrame")
_PARAGRAPH, _ROW, _CELL, _CHART = qn("a:p"), qn("a:tr"), qn("a:tc"), qn("c:chart")
_TEXT, _BREAK = qn("a:t"), qn("a:br")
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_PLACEHOLDER = f"{qn('p:nvSpPr')}/{qn('p:nvPr')}/{qn('p:ph')}"
_TITLES = frozenset(("title", "ctrTitle"))


def read_sections(path: Path) -> Iterator[Section]:
    """Yield the text of each slide in the order of its shapes, the title first, then its notes; blank slides too.

    Tables are ``cell | cell`` lines, charts a line a series. Raise what python-pptx raises for a broken file.
    """
    for number, slide in enumerate(pptx.Presentation(str(path)).slides, start=1):
        title, *texts = _texts(slide)
        text = "\n\n".join(filter(None, (title, *texts, _notes(slide))))
        yield Section(number, " ".join(title.split()), as_paragraphs(text))


def _texts(slide: Any) -> list[str]:
    """Return the title, ``""`` if there is none, and the texts of the other shapes, those in groups too."""
    title, texts = "", []
    tree = slide.shapes._spTree
    etree.strip_elements(tree, _FALLBACK, with_tail=False)
    for shape in tree.iter(_SHAPE, _FRAME):
        text = _frame(slide, shape) if shape.tag == _FRAME else _paragraphs(shape)
        if text and not title and _is_title(shape):
            title = text
        elif text:
            texts.append(text)
    return [title, *texts]


def _is_title(shape: Any) -> bool:
    placeholder = shape.find(_PLACEHOLDER)
    return placeholder is not None and placeholder.get("type") in _TITLES


def _paragraphs(parent: Any) -> str:
    lines = (
        "".join(node.text or "" if node.tag == _TEXT else "\n" for node in paragraph.iter(_TEXT, _BREAK))
        for paragraph in parent.iter(_PARAGRAPH)
    )
    return "\n".join(line for line in lines if line.strip())


def _frame(slide: Any, frame: Any) -> str:
    """Return the text of a table or chart; ``""`` for other frames."""
    if (reference := next(frame.iter(_CHART), None)) is not None:
        return _chart(slide.part.related_part(reference.get(qn("r:id"))).chart)
    rows = (" | ".join(" ".join(_paragraphs(cell).split()) for cell in row.iter(_CELL)) for row in frame.iter(_ROW))
    return "\n".join(row for row in rows if row.strip(" |"))


def _chart(chart: Any) -> str:
    lines = [chart.chart_title.text_frame.text] if chart.has_title and chart.chart_title.has_text_frame else []
    for plot in chart.plots:
        categories = [str(category) for category in plot.categories]
        for series in plot.series:
            points = zip(categories, series.values, strict=False)
            lines.append(f"{series.name}: " + ", ".join(f"{category} {value}" for category, value in points))
    return "\n".join(lines)


def _notes(slide: Any) -> str:
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    return f"Notes: {frame.text.strip()}" if frame is not None and frame.text.strip() else ""
