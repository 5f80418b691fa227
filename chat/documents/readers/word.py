"""Word documents: python-docx opens them, and the text is gathered from the XML below.

Not through python-docx's paragraphs: they leave out content controls and inserted text. Of tracked changes, the text as
it would be if all were accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.oxml.ns import qn
from lxml import etree

from chat.documents.sections import Section

_PARAGRAPH, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_CONTROL, _CONTROLLED = qn("w:sdt"), qn("w:sdtContent")
_TEXT = qn("w:t")
_BREAKS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-", _PARAGRAPH: "\n"}
_SKIPPED = (
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",  # the same text once more, for old Word
    qn("w:moveFrom"),
    qn("w:tabs"),  # tab stops, whose elements are named like tabs
)
_STYLE = f"{qn('w:pPr')}/{qn('w:pStyle')}"
_VALUE = qn("w:val")


def read_sections(path: Path) -> Iterator[Section]:
    """Yield the document's text, a section a heading; tables as ``cell | cell`` lines. There are no pages.

    Raise what python-docx raises for a broken one.
    """
    document = docx.Document(str(path))
    body, styles = document.element.body, document.styles.element
    etree.strip_elements(body, *_SKIPPED, with_tail=False)
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
    rows = (" | ".join(" ".join(_text(cell).split()) for cell in _inside(row, _CELL)) for row in _inside(table, _ROW))
    return "\n".join(row for row in rows if row.strip(" |"))


def _text(block: Any) -> str:
    """Return all text below ``block``, that of text boxes and tables in it too."""
    parts = [node.text or "" if node.tag == _TEXT else _BREAKS[node.tag] for node in block.iter(_TEXT, *_BREAKS)]
    return "".join(parts).strip()
