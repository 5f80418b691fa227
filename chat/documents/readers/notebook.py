"""Jupyter notebooks: their cells in order as Markdown, code in fences, with what it printed; without pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chat.documents import encoding
from chat.documents.errors import broken, too_large
from chat.documents.formats import FileKind
from chat.documents.readers.markdown import marked_lines
from chat.documents.readers.text import split_by_heading
from chat.documents.sections import Section

MAX_BYTES = 100 << 20

Part = dict[str, Any]


def read_sections(path: Path) -> Iterator[Section]:
    """Yield the sections of the notebook at ``path``. Raise ``Unreadable`` if it is none, or larger than 100 MB."""
    if path.stat().st_size > MAX_BYTES:
        raise too_large(f"A notebook may have up to {MAX_BYTES >> 20} MB")
    try:
        with encoding.detect(path).open(path) as file:
            notebook = json.load(file)
        sheets = notebook.get("worksheets", [notebook])  # of the third version of the format
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as reason:
        raise broken(FileKind.NOTEBOOK.label) from reason
    yield from split_by_heading(marked_lines(line for cell in cells for line in _lines(cell)))


def _lines(cell: Part) -> Iterator[str]:
    source = _joined(cell.get("source", cell.get("input", "")))
    yield from _with_ends(source if cell.get("cell_type") != "code" else _fenced(source))
    for output in cell.get("outputs", ()):
        yield from _with_ends(_fenced(_output(output)))


def _output(output: Part) -> str:
    """Return the text that an output shows; ``""`` for a picture."""
    if output.get("output_type") == "error" or "ename" in output:
        return f"{output.get('ename')}: {output.get('evalue')}"
    data = output.get("data") or {}
    is_picture = any(kind.startswith("image/") for kind in data)
    return "" if is_picture else _joined(output.get("text") or data.get("text/plain") or "")


def _joined(text: Any) -> str:
    """Return a text that may be a list of its lines."""
    return text if isinstance(text, str) else "".join(text)


def _fenced(text: str) -> str:
    return f"```\n{text.rstrip()}\n```" if text.strip() else ""


def _with_ends(text: str) -> Iterator[str]:
    """Yield the lines of a text and a blank one."""
    if text.strip():
        yield from (f"{line}\n" for line in text.splitlines())
        yield "\n"
