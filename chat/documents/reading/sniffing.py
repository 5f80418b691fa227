"""The kind of a file: its bytes decide, and its name where bytes cannot tell one kind of text from another."""

from __future__ import annotations

from pathlib import Path

from chat.documents.errors import too_large, with_article
from chat.documents.formats import SUPPORTED, FileKind
from chat.documents.reading import office_archive, old_archive
from chat.errors import Unreadable

MAX_BYTES = 512 << 20
"""The largest file (reference, section 4)."""

_HEAD_BYTES = 1024
"""The bytes in which readers of PDF look for its mark."""

_PDF = b"%PDF-"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Office before 2007, and any Office file that is encrypted."""

_RTF = b"{\\rtf"
_HTML = (b"<!doctype html", b"<html")


def identify_file(path: Path, *, extension: str) -> FileKind:
    """Return the kind of the file at ``path``, which claims to be ``extension`` (a key of ``SUPPORTED``).

    A PDF, Office file or rich text is read as what it is whatever its name says. Raise ``Unreadable`` for an empty
    file, one that is larger than 512 MB, and one whose bytes are nothing that we read.
    """
    claimed = SUPPORTED[extension].kind
    _check_size(path)
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.lstrip().startswith(_PDF) or (claimed is FileKind.PDF and _PDF in head):
        return FileKind.PDF
    if head.startswith(_ZIP):
        return office_archive.identify_archive(path)
    if head.startswith(_OLE):
        return old_archive.identify_archive(path, extension=extension)
    start = head.lstrip()[:100].lower()
    if start.startswith(_RTF):
        return FileKind.RICH_TEXT
    if start.startswith(_HTML) and claimed is FileKind.OLD_WORD:  # as which many programs export
        return FileKind.HTML
    if not claimed.is_text:
        instead = ": it is a web page" if start.startswith(_HTML) else ""
        raise Unreadable(f"The file is named {extension} but is not {with_article(claimed.label)}{instead}.")
    return claimed


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("The file is empty.")
    if size > MAX_BYTES:
        raise too_large(f"A file may have up to {MAX_BYTES >> 20} MB")
