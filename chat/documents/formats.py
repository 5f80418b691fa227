"""The file types that can be read: their extensions, their media types and their readers.

The list is the reference's (section 4), and what else people keep knowledge in: ``.csv``, ``.xlsx``, ``.xml`` and
second spellings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from chat.documents.errors import UNSUPPORTED
from chat.errors import Unreadable


class FileKind(StrEnum):
    """The kind of a file's content. The value is the name of its module in ``chat.documents.readers``."""

    PDF = "pdf"
    SLIDES = "slides"
    WORD = "word"
    SHEETS = "sheets"
    HTML = "html"
    MARKDOWN = "markdown"
    LATEX = "latex"
    DELIMITED = "delimited"
    TEXT = "text"

    @property
    def label(self) -> str:
        """Return what people call it."""
        return _LABELS.get(self, "text file")

    @property
    def is_text(self) -> bool:
        """Return whether such a file is text from the first byte to the last, so that any text file could be one."""
        return self not in (FileKind.PDF, FileKind.SLIDES, FileKind.WORD, FileKind.SHEETS)


_LABELS = {
    FileKind.PDF: "PDF",
    FileKind.SLIDES: "PowerPoint file",
    FileKind.WORD: "Word document",
    FileKind.SHEETS: "spreadsheet",
}


@dataclass(frozen=True, slots=True)
class Format:
    """A file type: the kind of its content, and the media types that clients send for it."""

    kind: FileKind
    media_types: tuple[str, ...]


_OFFICE = "application/vnd.openxmlformats-officedocument."

SUPPORTED: dict[str, Format] = {
    ".c": Format(FileKind.TEXT, ("text/x-c",)),
    ".cpp": Format(FileKind.TEXT, ("text/x-c++",)),
    ".cs": Format(FileKind.TEXT, ("text/x-csharp",)),
    ".css": Format(FileKind.TEXT, ("text/css",)),
    ".csv": Format(FileKind.DELIMITED, ("text/csv", "application/csv")),
    ".docx": Format(FileKind.WORD, (_OFFICE + "wordprocessingml.document",)),
    ".go": Format(FileKind.TEXT, ("text/x-golang",)),
    ".htm": Format(FileKind.HTML, ("text/html",)),
    ".html": Format(FileKind.HTML, ("text/html",)),
    ".java": Format(FileKind.TEXT, ("text/x-java",)),
    ".js": Format(FileKind.TEXT, ("text/javascript",)),
    ".json": Format(FileKind.TEXT, ("application/json",)),
    ".markdown": Format(FileKind.MARKDOWN, ("text/markdown",)),
    ".md": Format(FileKind.MARKDOWN, ("text/markdown",)),
    ".pdf": Format(FileKind.PDF, ("application/pdf",)),
    ".php": Format(FileKind.TEXT, ("text/x-php",)),
    ".pptx": Format(FileKind.SLIDES, (_OFFICE + "presentationml.presentation",)),
    ".py": Format(FileKind.TEXT, ("text/x-python", "text/x-script.python")),
    ".rb": Format(FileKind.TEXT, ("text/x-ruby",)),
    ".sh": Format(FileKind.TEXT, ("application/x-sh",)),
    ".tex": Format(FileKind.LATEX, ("text/x-tex",)),
    ".ts": Format(FileKind.TEXT, ("application/typescript",)),
    ".txt": Format(FileKind.TEXT, ("text/plain",)),
    ".xlsx": Format(FileKind.SHEETS, (_OFFICE + "spreadsheetml.sheet",)),
    ".xml": Format(FileKind.TEXT, ("application/xml", "text/xml")),
}
"""By extension, in lower case."""

_SUCCESSORS = {".doc": ".docx", ".ppt": ".pptx", ".xls": ".xlsx"}


def extension(name: str) -> str:
    """Return the extension of a file name, in lower case with its dot: ``.pdf``; ``""`` if it has none."""
    return PurePath(name).suffix.lower()


def format_of(name: str) -> Format:
    """Return the file type that ``name`` claims. Raise ``Unreadable`` (``unsupported_file``) if it is not supported."""
    suffix = extension(name)
    if suffix in SUPPORTED:
        return SUPPORTED[suffix]
    if suffix in _SUCCESSORS:
        raise old_office(suffix)
    if not suffix:
        raise Unreadable("Files without an extension are not supported for retrieval.", code=UNSUPPORTED)
    raise Unreadable(f"Files with extensions [{suffix}] are not supported for retrieval.", code=UNSUPPORTED)


def old_office(extension: str) -> Unreadable:
    """Return the refusal of a file from before 2007, which says what to do about it."""
    successor = _SUCCESSORS.get(extension, extension)
    return Unreadable(
        f"This is a file of an old Office format, which cannot be read. Save it as {successor} and upload it again.",
        code=UNSUPPORTED,
    )
