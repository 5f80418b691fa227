"""The file types that can be read: their extensions, their media types and their readers.

The list is the reference's (section 4), and what else people keep knowledge in. Whatever tells people or programs which
files are read asks here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from chat.documents.errors import UNSUPPORTED
from chat.errors import Unreadable


class FileKind(StrEnum):
    """The kind of a file's content. The value is the name of its module in ``chat.documents.readers``."""

    BOOK = "book"
    DELIMITED = "delimited"
    HTML = "html"
    JSON = "json_data"
    LATEX = "latex"
    MAIL = "mail"
    MARKDOWN = "markdown"
    NOTEBOOK = "notebook"
    OLD_SLIDES = "old_slides"
    OLD_WORD = "old_word"
    OPEN_SLIDES = "open_slides"
    OPEN_TEXT = "open_text"
    PDF = "pdf"
    RICH_TEXT = "rich_text"
    SHEETS = "sheets"
    SLIDES = "slides"
    TEXT = "text"
    WORD = "word"

    @property
    def label(self) -> str:
        """Return what people call it."""
        return _LABELS.get(self, "text file")

    @property
    def is_text(self) -> bool:
        """Return whether such a file is text from the first byte to the last, so that any text file could be one."""
        return self in _TEXTS


_LABELS = {
    FileKind.BOOK: "e-book",
    FileKind.MAIL: "e-mail message",
    FileKind.NOTEBOOK: "notebook",
    FileKind.OLD_SLIDES: "PowerPoint file",
    FileKind.OLD_WORD: "Word document",
    FileKind.OPEN_SLIDES: "OpenDocument presentation",
    FileKind.OPEN_TEXT: "OpenDocument text",
    FileKind.PDF: "PDF",
    FileKind.RICH_TEXT: "rich text file",
    FileKind.SHEETS: "spreadsheet",
    FileKind.SLIDES: "PowerPoint file",
    FileKind.WORD: "Word document",
}
_TEXTS = frozenset(
    (
        *(FileKind.DELIMITED, FileKind.HTML, FileKind.JSON, FileKind.LATEX, FileKind.MAIL, FileKind.MARKDOWN),
        *(FileKind.NOTEBOOK, FileKind.TEXT),
    )
)


@dataclass(frozen=True, slots=True)
class Format:
    """A file type: the kind of its content, and the media types that clients send for it."""

    kind: FileKind
    media_types: tuple[str, ...]


_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
SOURCE_CODE = (
    *(".bat", ".c", ".cc", ".cfg", ".conf", ".cpp", ".cs", ".css", ".dart", ".diff", ".ex", ".exs", ".go", ".gradle"),
    *(".graphql", ".h", ".hpp", ".hs", ".ini", ".java", ".jl", ".js", ".jsx", ".kt", ".kts", ".less", ".lua", ".m"),
    *(".mjs", ".patch", ".php", ".pl", ".properties", ".proto", ".py", ".r", ".rb", ".rs", ".sass", ".scala"),
    *(".scss", ".sh", ".sql", ".svelte", ".swift", ".tf", ".toml", ".ts", ".tsx", ".vb", ".vue", ".zsh"),
)
_MEDIA_TYPES = {
    ".c": ("text/x-c",),
    ".cpp": ("text/x-c++",),
    ".cs": ("text/x-csharp",),
    ".css": ("text/css",),
    ".go": ("text/x-golang",),
    ".java": ("text/x-java",),
    ".js": ("text/javascript",),
    ".php": ("text/x-php",),
    ".py": ("text/x-python", "text/x-script.python"),
    ".rb": ("text/x-ruby",),
    ".sh": ("application/x-sh",),
    ".ts": ("application/typescript",),
}
"""Of source code that has some of its own."""

_DOCUMENTS = {
    ".csv": Format(FileKind.DELIMITED, ("text/csv", "application/csv")),
    ".doc": Format(FileKind.OLD_WORD, ("application/msword",)),
    ".docm": Format(FileKind.WORD, ("application/vnd.ms-word.document.macroenabled.12",)),
    ".docx": Format(FileKind.WORD, (_OPEN_XML + "wordprocessingml.document",)),
    ".dot": Format(FileKind.OLD_WORD, ("application/msword",)),
    ".dotm": Format(FileKind.WORD, ("application/vnd.ms-word.template.macroenabled.12",)),
    ".dotx": Format(FileKind.WORD, (_OPEN_XML + "wordprocessingml.template",)),
    ".eml": Format(FileKind.MAIL, ("message/rfc822",)),
    ".epub": Format(FileKind.BOOK, ("application/epub+zip",)),
    ".geojson": Format(FileKind.JSON, ("application/geo+json",)),
    ".htm": Format(FileKind.HTML, ("text/html",)),
    ".html": Format(FileKind.HTML, ("text/html",)),
    ".ipynb": Format(FileKind.NOTEBOOK, ("application/x-ipynb+json",)),
    ".json": Format(FileKind.JSON, ("application/json",)),
    ".jsonl": Format(FileKind.JSON, ("application/jsonl",)),
    ".log": Format(FileKind.TEXT, ("text/plain",)),
    ".markdown": Format(FileKind.MARKDOWN, ("text/markdown",)),
    ".md": Format(FileKind.MARKDOWN, ("text/markdown",)),
    ".ndjson": Format(FileKind.JSON, ("application/x-ndjson",)),
    ".odp": Format(FileKind.OPEN_SLIDES, (_OPEN_DOCUMENT + "presentation",)),
    ".ods": Format(FileKind.SHEETS, (_OPEN_DOCUMENT + "spreadsheet",)),
    ".odt": Format(FileKind.OPEN_TEXT, (_OPEN_DOCUMENT + "text",)),
    ".otp": Format(FileKind.OPEN_SLIDES, (_OPEN_DOCUMENT + "presentation-template",)),
    ".ots": Format(FileKind.SHEETS, (_OPEN_DOCUMENT + "spreadsheet-template",)),
    ".ott": Format(FileKind.OPEN_TEXT, (_OPEN_DOCUMENT + "text-template",)),
    ".pdf": Format(FileKind.PDF, ("application/pdf",)),
    ".potm": Format(FileKind.SLIDES, ("application/vnd.ms-powerpoint.template.macroenabled.12",)),
    ".potx": Format(FileKind.SLIDES, (_OPEN_XML + "presentationml.template",)),
    ".pps": Format(FileKind.OLD_SLIDES, ("application/vnd.ms-powerpoint",)),
    ".ppsm": Format(FileKind.SLIDES, ("application/vnd.ms-powerpoint.slideshow.macroenabled.12",)),
    ".ppsx": Format(FileKind.SLIDES, (_OPEN_XML + "presentationml.slideshow",)),
    ".ppt": Format(FileKind.OLD_SLIDES, ("application/vnd.ms-powerpoint",)),
    ".pptm": Format(FileKind.SLIDES, ("application/vnd.ms-powerpoint.presentation.macroenabled.12",)),
    ".pptx": Format(FileKind.SLIDES, (_OPEN_XML + "presentationml.presentation",)),
    ".rst": Format(FileKind.TEXT, ("text/x-rst",)),
    ".rtf": Format(FileKind.RICH_TEXT, ("application/rtf", "text/rtf")),
    ".tex": Format(FileKind.LATEX, ("text/x-tex",)),
    ".text": Format(FileKind.TEXT, ("text/plain",)),
    ".tsv": Format(FileKind.DELIMITED, ("text/tab-separated-values",)),
    ".txt": Format(FileKind.TEXT, ("text/plain",)),
    ".xhtml": Format(FileKind.HTML, ("application/xhtml+xml",)),
    ".xls": Format(FileKind.SHEETS, ("application/vnd.ms-excel",)),
    ".xlsb": Format(FileKind.SHEETS, ("application/vnd.ms-excel.sheet.binary.macroenabled.12",)),
    ".xlsm": Format(FileKind.SHEETS, ("application/vnd.ms-excel.sheet.macroenabled.12",)),
    ".xlsx": Format(FileKind.SHEETS, (_OPEN_XML + "spreadsheetml.sheet",)),
    ".xltm": Format(FileKind.SHEETS, ("application/vnd.ms-excel.template.macroenabled.12",)),
    ".xltx": Format(FileKind.SHEETS, (_OPEN_XML + "spreadsheetml.template",)),
    ".xml": Format(FileKind.TEXT, ("application/xml", "text/xml")),
    ".yaml": Format(FileKind.TEXT, ("application/yaml",)),
    ".yml": Format(FileKind.TEXT, ("application/yaml",)),
}

SUPPORTED: dict[str, Format] = _DOCUMENTS | {
    suffix: Format(FileKind.TEXT, _MEDIA_TYPES.get(suffix, ("text/plain",))) for suffix in SOURCE_CODE
}
"""By extension, in lower case."""

_SUCCESSORS = {".doc": ".docx", ".dot": ".dotx", ".ppt": ".pptx", ".pps": ".ppsx", ".xls": ".xlsx"}
_WAYS_OUT = {
    "Export it as PDF": (".pages", ".key", ".numbers", ".pub", ".vsd", ".vsdx", ".xps", ".djvu", ".ps", ".eps"),
    "Save it as .docx": (".wps", ".wpd", ".hwp", ".sxw"),
    "Unpack it and upload what is in it": (".zip", ".rar", ".gz", ".tar", ".tgz", ".bz2", ".xz"),
    "Convert it to EPUB or PDF": (".mobi", ".azw", ".azw3", ".fb2", ".chm"),
    "Save the messages as .eml files": (".msg", ".mbox", ".pst", ".ost"),
    "A picture can be attached to a message, for models that see": (
        *(".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".svg"),
    ),
    "Upload a transcript of it": (".mp3", ".mp4", ".m4a", ".wav", ".ogg", ".flac", ".mov", ".avi", ".mkv", ".webm"),
}
_WAY_OUT = {suffix: words for words, suffixes in _WAYS_OUT.items() for suffix in suffixes}
"""What a person can do about a file that is not read, by extension."""


def extension(name: str) -> str:
    """Return the extension of a file name, in lower case with its dot: ``.pdf``; ``""`` if it has none."""
    return PurePath(name).suffix.lower()


def format_of(name: str) -> Format:
    """Return the file type that ``name`` claims. Raise ``Unreadable`` (``unsupported_file``) if it is not supported."""
    suffix = extension(name)
    if suffix in SUPPORTED:
        return SUPPORTED[suffix]
    if not suffix:
        raise Unreadable("Files without an extension are not supported for retrieval.", code=UNSUPPORTED)
    way_out = f" {_WAY_OUT[suffix]}." if suffix in _WAY_OUT else ""
    raise Unreadable(f"Files with extensions [{suffix}] are not supported for retrieval.{way_out}", code=UNSUPPORTED)


def old_office(extension: str) -> Unreadable:
    """Return the refusal of a file from before 2007, which says what to do about it."""
    successor = _SUCCESSORS.get(extension, extension)
    return Unreadable(
        f"This is a file of an old Office format that cannot be read. Save it as {successor} and upload it again.",
        code=UNSUPPORTED,
    )
