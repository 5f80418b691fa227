"""Puts into the text of a Word document what Word keeps beside it: numbers of lists, notes, addresses of links, charts.

The document's XML is changed, so that whoever gathers its text finds all of it in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from chat.documents.readers.office.drawings import DRAWINGS, description, drawing_text, related_xml
from chat.documents.readers.office.list_numbers import ListNumbers

_PARAGRAPH, _RUN, _TEXT, _VALUE = qn("w:p"), qn("w:r"), qn("w:t"), qn("w:val")
_PROPERTIES, _PICTURE = qn("w:pPr"), qn("wp:docPr")
_HIDDEN = f"{qn('w:rPr')}/{qn('w:vanish')}"
# An element that stands where a note is meant, the part that has the note, its element there, and what it is.
_NOTES = {
    qn("w:footnoteReference"): ("/footnotes", qn("w:footnote"), "Footnote"),
    qn("w:endnoteReference"): ("/endnotes", qn("w:endnote"), "Endnote"),
    qn("w:commentReference"): ("/comments", qn("w:comment"), "Comment"),
}
_MARGINS = {"/header": "Page header", "/footer": "Page footer"}


def put_in_place(document: Any) -> None:
    """Change the body of ``document``, opened by python-docx, as the module says; hidden text is taken out."""
    body, part = document.element.body, document.part
    _remove_hidden(body)
    _put_ruby_behind(body)
    _add_addresses(body, part)
    numbers = ListNumbers(_related(part, "/numbering"), document.styles.element)
    for paragraph in body.iter(_PARAGRAPH):
        is_empty = not any(text.text for text in paragraph.iter(_TEXT))
        if not is_empty and (number := numbers.next(paragraph)):
            _insert_text(paragraph, number, at=0 if paragraph.find(_PROPERTIES) is None else 1)
    for paragraph, text in reversed(list(_texts_behind(body, part))):
        added = OxmlElement("w:p")
        _insert_text(added, text, at=0)
        paragraph.addnext(added)


def _texts_behind(body: Any, part: Any) -> Iterator[tuple[Any, str]]:
    """Yield the notes, descriptions of pictures, charts and diagrams, each with the paragraph that it stands in."""
    notes = {tag: _notes(part, *place) for tag, place in _NOTES.items()}
    for node in body.iter(*_NOTES, _PICTURE, *DRAWINGS):
        if node.tag in notes:
            text = notes[node.tag].get(node.get(qn("w:id")), "")
        elif node.tag == _PICTURE:
            text = f"[Picture: {words}]" if (words := description(node)) else ""
        else:
            text = drawing_text(part, node)
        paragraph = next(node.iterancestors(_PARAGRAPH), None)
        if text and paragraph is not None:
            yield paragraph, text


def margins(document: Any) -> Iterator[str]:
    """Yield what stands in the headers and footers of the pages, each text once."""
    seen: set[str] = set()
    for relation in document.part.rels.values():
        kind = f"/{relation.reltype.rpartition('/')[2]}"
        root = related_xml(document.part, relation.rId) if kind in _MARGINS else None
        text = "" if root is None else _text(root)
        if any(map(str.isalpha, text)) and text not in seen:
            seen.add(text)
            yield f"[{_MARGINS[kind]}: {text}]"


def _remove_hidden(body: Any) -> None:
    for run in list(body.iter(_RUN)):
        hidden = run.find(_HIDDEN)
        if hidden is not None and hidden.get(_VALUE, "true") not in ("0", "false", "off"):
            run.getparent().remove(run)


def _put_ruby_behind(body: Any) -> None:
    """Put the reading of a word, which stands over it, behind it in brackets."""
    for ruby in body.iter(qn("w:ruby")):
        reading = ruby.find(qn("w:rt"))
        if reading is not None:
            words = _text(reading)
            ruby.remove(reading)
            _insert_text(ruby, f"({words})", at=len(ruby))


def _add_addresses(body: Any, part: Any) -> None:
    """Put the address of a link behind its words, unless these are the address."""
    for link in body.iter(qn("w:hyperlink")):
        relation = part.rels.get(link.get(qn("r:id")))
        if relation is None or not relation.is_external:
            continue
        address = relation.target_ref.removeprefix("mailto:")
        if address.rstrip("/") not in _text(link):
            _insert_text(link, f" ({address})", at=len(link))


def _notes(part: Any, kind: str, tag: str, name: str) -> dict[str, str]:
    """Return the notes of a kind by their ids, as they are put into the text."""
    root = _related(part, kind)
    notes = {}
    for note in () if root is None else root.iter(tag):
        author = note.get(qn("w:author"))
        if text := _text(note):
            notes[note.get(qn("w:id"))] = f"[{name}{f' by {author}' if author else ''}: {text}]"
    return notes


def _related(part: Any, kind: str) -> Any:
    """Return the root of the only part of a kind; None if there is none."""
    ids = (id for id, relation in part.rels.items() if relation.reltype.endswith(kind))
    return related_xml(part, next(ids, None))


def _text(element: Any) -> str:
    """Return the text below ``element`` in one line."""
    paragraphs = list(element.iter(_PARAGRAPH)) or [element]
    return " ".join(" ".join("".join(text.text or "" for text in each.iter(_TEXT)) for each in paragraphs).split())


def _insert_text(parent: Any, words: str, *, at: int) -> None:
    run, text = OxmlElement("w:r"), OxmlElement("w:t")
    text.text = words
    run.append(text)
    parent.insert(at, run)
