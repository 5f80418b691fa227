"""What a sheet has beside its cells: comments on them, and text boxes, charts and pictures that lie over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from lxml import etree

from chat.documents.readers.office.drawings import DRAWINGS, description, drawing_text
from chat.documents.readers.sheets.package import Part
from chat.documents.readers.sheets.workbook import row_of

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_THREADED = "{http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments}"
_OVER = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SHAPE, _PICTURE = f"{_OVER}sp", f"{_OVER}pic"
_IN_A_THREAD = "tc="
"""Begins the author of a comment that says the same as a thread, for programs that know none."""


def comments(sheet: Part, workbook: Part) -> dict[int, list[str]]:
    """Return the comments on the cells of a sheet by their rows, from 1: ``[Comment on B2 by Ada: …]``."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    names = {id: name for part in _roots(workbook, "person") for id, name in _people(part)}
    notes = [note for root in _roots(sheet, "comments") for note in _notes(root)]
    threads = [
        (comment.get("ref", ""), names.get(comment.get("personId"), ""), comment.findtext(f"{_THREADED}text") or "")
        for root in _roots(sheet, "threadedComment")
        for comment in root.iter(f"{_THREADED}threadedComment")
    ]
    for reference, author, text in (*notes, *threads):
        if words := " ".join(text.split()):
            found[row_of(reference)].append(f"[Comment on {reference}{f' by {author}' if author else ''}: {words}]")
    return found


def drawn_texts(sheet: Part) -> Iterator[str]:
    """Yield the text of each text box, chart, diagram and described picture of a sheet. Broken ones are left out."""
    for drawing in _related(sheet, "drawing"):
        with suppress(KeyError, ValueError, etree.XMLSyntaxError):
            root = drawing.xml()
            etree.strip_elements(root, _FALLBACK, with_tail=False)
            for node in root.iter(_SHAPE, _PICTURE, *DRAWINGS):
                if text := _drawn(drawing, node):
                    yield text


def _drawn(drawing: Part, node: Any) -> str:
    if node.tag == _PICTURE:
        named = node.find(f"{_OVER}nvPicPr/{_OVER}cNvPr")
        words = "" if named is None else description(named)
        return f"[Picture: {words}]" if words else ""
    if node.tag != _SHAPE:
        return drawing_text(drawing, node)
    lines = ("".join(text.text or "" for text in line.iter(f"{_A}t")) for line in node.iter(f"{_A}p"))
    return "\n".join(line for line in lines if line.strip())


def _notes(root: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the cell, author and text of each comment."""
    authors = [author.text or "" for author in root.iter(f"{_MAIN}author")]
    for comment in root.iter(f"{_MAIN}comment"):
        at = comment.get("authorId", "")
        author = authors[int(at)].strip() if at.isdecimal() and int(at) < len(authors) else ""
        text = "".join(run.text or "" for run in comment.iter(f"{_MAIN}t"))
        if not author.startswith(_IN_A_THREAD):
            yield comment.get("ref", ""), author, text.removeprefix(f"{author}:")


def _people(root: Any) -> Iterator[tuple[str, str]]:
    for person in root.iter(f"{_THREADED}person"):
        yield person.get("id", ""), person.get("displayName", "")


def _roots(part: Part, kind: str) -> Iterator[Any]:
    """Yield the roots of the parts of this kind to which ``part`` refers. Broken ones are left out."""
    for related in _related(part, kind):
        with suppress(KeyError, ValueError, etree.XMLSyntaxError):
            yield related.xml()


def _related(part: Part, kind: str) -> list[Part]:
    with suppress(etree.XMLSyntaxError):
        return part.related(kind)
    return []
