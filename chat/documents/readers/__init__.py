"""The readers, a module for each kind of file: ``read_sections(path)`` yields the sections of the file and notices.

Files are hostile: only the child process (``chat.documents.__main__``) and tests may call a reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import cast

from chat.documents.formats import FileKind
from chat.documents.sections import Notice, Section

Reader = Callable[[Path], Iterator[Section | Notice]]


def load_reader(kind: FileKind) -> Reader:
    """Import and return the reader of ``kind``."""
    # Only this one: each reader has libraries of its own, which take a part of a second to import.
    return cast(Reader, import_module(f"{__name__}.{kind.value}").read_sections)
