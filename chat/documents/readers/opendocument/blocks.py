"""The paragraphs, lists, tables and frames of an OpenDocument file as text.

Of tracked changes, the text as it would be if all were accepted; hidden text is left out. Notes, comments, descriptions
of pictures, boxes and charts follow their paragraph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from chat.documents.readers.file_names import is_file_name
from chat.documents.readers.office.list_numbers import number_in_words
from chat.documents.readers.opendocument.names import qualified
from chat.documents.readers.opendocument.package import OpenDocument
from chat.documents.readers.tables.rows import table_text

_HEADING, _PARAGRAPH = qualified("text:h"), qualified("text:p")
_LIST, _ITEM, _LIST_HEADER = qualified("text:list"), qualified("text:list-item"), qualified("text:list-header")
_TABLE, _ROW, _CELL = qualified("table:table"), qualified("table:table-row"), qualified("table:table-cell")
_COVERED, _TITLE = qualified("table:covered-table-cell"), qualified("chart:title")
_FRAME = qualified("draw:frame")
_STYLE_NAME = qualified("text:style-name")
_NOT_SHOWN = frozenset(
    map(
        qualified,
        (
            *(
                "text:tracked-changes",
                "text:note-citation",
                "text:hidden-text",
                "text:hidden-paragraph",
                "text:ruby-text",
            ),
            *("office:forms", "office:annotation-end", "svg:title", "svg:desc", "presentation:notes"),
        ),
    )
)
_KINDS_OF_NUMBERS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_MOST_REPEATED = 64
"""Columns or rows that a cell or row is repeated. Spreadsheets fill up to a million empty ones in this way."""

_MOST_SPACES = 100


class Blocks:
    """Gathers the text of a file."""

    def __init__(self, package: OpenDocument) -> None:
        self._package = package
        self._beside: list[str] = []

    def below(self, parent: Any) -> Iterator[tuple[str, bool]]:
        """Yield each paragraph, list and table below ``parent``, and whether it is a heading."""
        for child in parent:
            if child.tag in (_PARAGRAPH, _HEADING):
                yield self._words(child).strip(), child.tag == _HEADING
            elif child.tag == _LIST:
                yield "\n".join(self._items(child, style=child.get(_STYLE_NAME, ""), level=1)), False
            elif child.tag == _TABLE:
                yield table_text(list(self._rows(child))), False
            elif child.tag == _FRAME:
                self._add_frame(child)
            elif child.tag not in _NOT_SHOWN and isinstance(child.tag, str):
                yield from self.below(child)
            beside, self._beside = self._beside, []
            yield from ((text, False) for text in beside)

    def text(self, parent: Any) -> str:
        """Return the text below ``parent``, a block a line."""
        kept, self._beside = self._beside, []
        text = "\n".join(text for text, _is_heading in self.below(parent) if text)
        self._beside = kept
        return text

    def line(self, parent: Any) -> str:
        """Return the text below ``parent`` in one line."""
        return " ".join(self.text(parent).split())

    def _words(self, element: Any) -> str:
        """Return the text in a paragraph; what stands beside it is kept for later."""
        if element.tag in _NOT_SHOWN or element.get(_STYLE_NAME) in self._package.hidden_styles:
            return ""
        if read := _INLINE.get(element.tag):
            return read(self, element)
        return self._inside(element)

    def _inside(self, element: Any) -> str:
        parts = [element.text or ""]
        for child in element:
            parts += (self._words(child) if isinstance(child.tag, str) else "", child.tail or "")
        return "".join(parts)

    def _items(self, listed: Any, *, style: str, level: int) -> Iterator[str]:
        numbered = self._package.list_styles.get(style, {}).get(level)
        number = 0 if numbered is None else _whole(numbered, "text:start-value", default=1)
        for item in listed.iterchildren(_ITEM, _LIST_HEADER):
            mark = "" if numbered is None or item.tag != _ITEM else _mark(numbered, number)
            number += 1
            for child in item:
                if child.tag == _LIST:
                    yield from self._items(child, style=child.get(_STYLE_NAME) or style, level=level + 1)
                elif text := self.line([child]):
                    yield mark + text
                    mark = ""

    def _rows(self, table: Any) -> Iterator[list[str]]:
        """Yield the texts of the cells. A merged cell is repeated in each column and row over which it goes."""
        spans: dict[int, tuple[int, str]] = {}
        for row in _rows_of(table):
            cells: list[str] = []
            for cell in row.iterchildren(_CELL, _COVERED):
                at = len(cells)
                left, text = spans.pop(at, (0, ""))
                if cell.tag == _CELL:
                    left, text = _whole(cell, "table:number-rows-spanned", default=1), self.line(cell)
                    columns = _whole(cell, "table:number-columns-spanned", default=1)
                    spans |= dict.fromkeys(range(at + 1, at + min(columns, _MOST_REPEATED)), (left, text))
                if left > 1:
                    spans[at] = (left - 1, text)
                cells += [text] * min(_whole(cell, "table:number-columns-repeated", default=1), _MOST_REPEATED)
            repeated = _whole(row, "table:number-rows-repeated", default=1) if any(cells) else 1
            yield from [cells] * min(repeated, _MOST_REPEATED)

    def _add_frame(self, frame: Any) -> str:
        """Keep the text of a box, the description of a picture and the data of a chart for after the paragraph."""
        words = " ".join(frame.findtext(qualified("svg:desc"), "").split())
        self._beside += [f"[Picture: {words}]"] * bool(words and not is_file_name(words))
        for part in frame:
            if part.tag == qualified("draw:object"):
                self._beside.append(self._object_text(part.get(qualified("xlink:href"), "")))
            elif part.tag not in _NOT_SHOWN:
                self._beside.append(self.text([part]))
        return ""

    def _object_text(self, address: str) -> str:
        """Return the titles and the data of a chart."""
        root = self._package.part(f"{address.removeprefix('./')}/content.xml")
        if root is None:
            return ""
        titles = [self.line(title) for title in root.iter(_TITLE)]
        tables = [table_text(list(self._rows(table))) for table in root.iter(_TABLE)]
        return "\n".join(filter(None, (*titles, *tables)))

    def _note(self, note: Any) -> str:
        name = note.get(qualified("text:note-class"), "footnote").capitalize()
        self._beside.append(f"[{name}: {self.line(note)}]")
        return ""

    def _comment(self, comment: Any) -> str:
        author = comment.findtext(qualified("dc:creator"))
        self._beside.append(f"[Comment{f' by {author}' if author else ''}: {self.line(comment)}]")
        return ""

    def _link(self, link: Any) -> str:
        words, address = self._inside(link), link.get(qualified("xlink:href"), "").removeprefix("mailto:")
        is_shown = address.startswith("#") or address.rstrip("/") in words
        return words if is_shown else f"{words} ({address})"

    def _ruby(self, ruby: Any) -> str:
        return f"{self._inside(ruby)}({ruby.findtext(qualified('text:ruby-text'), '')})"

    def _spaces(self, space: Any) -> str:
        return " " * min(_whole(space, "text:c", default=1), _MOST_SPACES)


_INLINE: dict[str, Callable[[Blocks, Any], str]] = {
    qualified("text:s"): Blocks._spaces,
    qualified("text:tab"): lambda _blocks, _tab: "\t",
    qualified("text:line-break"): lambda _blocks, _break: "\n",
    qualified("text:note"): Blocks._note,
    qualified("office:annotation"): Blocks._comment,
    qualified("text:a"): Blocks._link,
    qualified("text:ruby"): Blocks._ruby,
    _FRAME: Blocks._add_frame,
}


def _rows_of(table: Any) -> Iterator[Any]:
    """Yield the rows, those in groups and headers too, but not those of tables in cells."""
    for child in table:
        if child.tag == _ROW:
            yield child
        elif child.tag != _CELL:
            yield from _rows_of(child)


def _mark(level: Any, number: int) -> str:
    """Return the number of an item of a list with a blank behind it; empty if its level shows none."""
    kind = _KINDS_OF_NUMBERS.get(level.get(qualified("style:num-format"), ""))
    if kind is None:
        return ""
    before, behind = (level.get(qualified(f"style:num-{place}"), "") for place in ("prefix", "suffix"))
    return f"{before}{number_in_words(number, kind)}{behind} "


def _whole(element: Any, name: str, *, default: int) -> int:
    """Return the number, 1 to 9,999, that an attribute has."""
    text = element.get(qualified(name), "")
    return min(max(int(text[:9]), 1), 9999) if text.isdecimal() else default
