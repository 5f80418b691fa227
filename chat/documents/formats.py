"""The file types that can be read: their names, their media types, and who reads them.

The list is the reference's (section 4), and what else people keep knowledge in: ``.csv``, ``.xlsx``, ``.xml`` and
second spellings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from chat.documents.errors import UNSUPPORTED
from chat.errors import Unreadable


class Kind(StrEnum):
    """What a file is inside. The value is the name of its module in ``chat.documents.readers``."""

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
    def words(self) -> str:
        """As people call it."""
        return _WORDS.get(self, "text file")

    @property
    def is_text(self) -> bool:
        """Whether such a file is text from the first byte to the last, so that any text file could be one."""
        return self not in (Kind.PDF, Kind.SLIDES, Kind.WORD, Kind.SHEETS)


_WORDS = {
    Kind.PDF: "PDF",
    Kind.SLIDES: "PowerPoint file",
    Kind.WORD: "Word document",
    Kind.SHEETS: "spreadsheet",
}


@dataclass(frozen=True, slots=True)
class Format:
    """A file type: what is inside, and the media types that clients send for it."""

    kind: Kind
    media_types: tuple[str, ...]


_OFFICE = "application/vnd.openxmlformats-officedocument."

SUPPORTED: dict[str, Format] = {
    ".c": Format(Kind.TEXT, ("text/x-c",)),
    ".cpp": Format(Kind.TEXT, ("text/x-c++",)),
    ".cs": Format(Kind.TEXT, ("text/x-csharp",)),
    ".css": Format(Kind.TEXT, ("text/css",)),
    ".csv": Format(Kind.DELIMITED, ("text/csv", "application/csv")),
    ".docx": Format(Kind.WORD, (_OFFICE + "wordprocessingml.document",)),
    ".go": Format(Kind.TEXT, ("text/x-golang",)),
    ".htm": Format(Kind.HTML, ("text/html",)),
    ".html": Format(Kind.HTML, ("text/html",)),
    ".java": Format(Kind.TEXT, ("text/x-java",)),
    ".js": Format(Kind.TEXT, ("text/javascript",)),
    ".json": Format(Kind.TEXT, ("application/json",)),
    ".markdown": Format(Kind.MARKDOWN, ("text/markdown",)),
    ".md": Format(Kind.MARKDOWN, ("text/markdown",)),
    ".pdf": Format(Kind.PDF, ("application/pdf",)),
    ".php": Format(Kind.TEXT, ("text/x-php",)),
    ".pptx": Format(Kind.SLIDES, (_OFFICE + "presentationml.presentation",)),
    ".py": Format(Kind.TEXT, ("text/x-python", "text/x-script.python")),
    ".rb": Format(Kind.TEXT, ("text/x-ruby",)),
    ".sh": Format(Kind.TEXT, ("application/x-sh",)),
    ".tex": Format(Kind.LATEX, ("text/x-tex",)),
    ".ts": Format(Kind.TEXT, ("application/typescript",)),
    ".txt": Format(Kind.TEXT, ("text/plain",)),
    ".xlsx": Format(Kind.SHEETS, (_OFFICE + "spreadsheetml.sheet",)),
    ".xml": Format(Kind.TEXT, ("application/xml", "text/xml")),
}
"""By extension, in lower case."""

_SUCCESSORS = {".doc": ".docx", ".ppt": ".pptx", ".xls": ".xlsx"}


def extension(name: str) -> str:
    """The extension of a file name, in lower case with its dot: ``.pdf``; ``""`` if there is none."""
    return PurePath(name).suffix.lower()


def format_of(name: str) -> Format:
    """The file type that ``name`` claims. Raises ``Unreadable`` (``unsupported_file``) if it is none of ours."""
    found = extension(name)
    if found in SUPPORTED:
        return SUPPORTED[found]
    if found in _SUCCESSORS:
        raise old_office(found)
    if not found:
        raise Unreadable("Files without an extension are not supported for retrieval.", code=UNSUPPORTED)
    raise Unreadable(f"Files with extensions [{found}] are not supported for retrieval.", code=UNSUPPORTED)


def old_office(extension: str) -> Unreadable:
    """The refusal of a file from before 2007, which says what to do about it."""
    wanted = _SUCCESSORS.get(extension, extension)
    return Unreadable(
        f"This is a file of an old Office format, which cannot be read. Save it as {wanted} and upload it again.",
        code=UNSUPPORTED,
    )
