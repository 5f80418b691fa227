"""The parts of Office files from before 2007 as text: office-oxide opens the files and gives dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import office_oxide

from chat.documents.errors import broken, protected
from chat.documents.formats import FileKind
from chat.documents.readers.tables.rows import table_text

Part = dict[str, Any]
"""Its keys depend on its ``type``."""

_LABELS = {"doc": FileKind.OLD_WORD.label, "ppt": FileKind.OLD_SLIDES.label}


def load_parts(path: Path, form: Literal["doc", "ppt"]) -> list[Part]:
    """Return the sections of the document, or the slides, at ``path``. Raise ``Unreadable`` if it is broken."""
    try:
        parts: list[Part] = office_oxide.Document.from_bytes(path.read_bytes(), form).to_ir()["sections"]
    except office_oxide.OfficeOxideError as reason:
        is_protected = any(word in str(reason).lower() for word in ("encrypt", "password"))
        raise (protected if is_protected else broken)(_LABELS[form]) from reason
    return parts


def parts_text(parts: Iterable[Part]) -> str:
    """Return the text of paragraphs, lists, tables, notes and boxes, each on lines of its own."""
    texts = (_READERS.get(part.get("type", ""), _content)(part) for part in parts)
    return "\n".join(text for text in texts if text)


def _content(part: Part) -> str:
    return parts_text(part.get("content") or ())


def _words(part: Part) -> str:
    runs = part.get("content") or ()
    return "".join(_run(run) for run in runs).strip()


def _run(run: Part) -> str:
    if run.get("type") == "line_break":
        return "\n"
    words, address = run.get("text") or "", (run.get("hyperlink") or "").removeprefix("mailto:")
    return f"{words} ({address})" if address and address.rstrip("/") not in words else words


def _list(part: Part) -> str:
    """Return a line an item. Without its number, which office-oxide counts on through neighbouring lists."""
    lines = []
    for item in part["items"]:
        lines += [parts_text(item["content"]), _list(item["nested"]) if item.get("nested") else ""]
    return "\n".join(line for line in lines if line)


def _table(part: Part) -> str:
    rows = []
    for row in part["rows"]:
        cells: list[str] = []
        for cell in row["cells"]:
            text = " ".join(parts_text(cell["content"]).split())
            cells += [text] * min(max(int(cell.get("col_span") or 1), 1), _MOST_COLUMNS)
        rows.append(cells)
    return table_text(rows)


def _note(part: Part) -> str:
    kind, author = (part.get("marker") or part["type"]).capitalize(), part.get("author")
    text = " ".join(_content(part).split())
    return f"[{kind}{f' by {author}' if author else ''}: {text}]" if text else ""


_MOST_COLUMNS = 63  # of a table in Word
_READERS: dict[str, Callable[[Part], str]] = {
    "heading": _words,
    "paragraph": _words,
    "list": _list,
    "table": _table,
    "footnote": _note,
    "endnote": _note,
}
