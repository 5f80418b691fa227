"""The kind of a file: its bytes decide, and its name where bytes cannot tell one kind of text from another."""

from __future__ import annotations

from pathlib import Path

from chat.documents.errors import protected, too_large
from chat.documents.formats import SUPPORTED, FileKind, old_office
from chat.documents.reading import office_archive
from chat.errors import Unreadable

MAX_BYTES = 512 << 20
"""The largest file (reference, section 4)."""

_HEAD_BYTES = 1024
"""The bytes in which readers of PDF look for its mark."""

_PDF = b"%PDF-"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Office before 2007, and any Office file that is encrypted."""

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_RTF = b"{\\rtf"


def identify_file(path: Path, *, extension: str) -> FileKind:
    """Return the kind of the file at ``path``, which claims to be ``extension`` (a key of ``SUPPORTED``).

    A PDF or Office file is read as what it is whatever its name says. Raise ``Unreadable`` for an empty file, one that
    is larger than 512 MB, and one whose bytes are nothing that we read.
    """
    claimed = SUPPORTED[extension].kind
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("The file is empty.")
    if size > MAX_BYTES:
        raise too_large(f"A file may have up to {MAX_BYTES >> 20} MB")
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.lstrip().startswith(_PDF) or (claimed is FileKind.PDF and _PDF in head):
        return FileKind.PDF
    if head.startswith(_ZIP):
        return office_archive.identify_archive(path)
    if head.startswith(_OLE):
        raise protected(claimed.label) if _is_encrypted(path) else old_office(extension)
    if not claimed.is_text:
        raise Unreadable(f"The file is named {extension} but is not a {claimed.label}{_instead(head)}.")
    return claimed


def _is_encrypted(path: Path) -> bool:
    """Return whether an OLE file wraps an encrypted one."""
    # Its directory, with the names inside, may lie anywhere.
    with path.open("rb") as file:
        tail = b""
        while block := file.read(1 << 20):
            if _ENCRYPTED in tail + block:
                return True
            tail = block[-len(_ENCRYPTED) :]
    return False


def _instead(head: bytes) -> str:
    start = head.lstrip()[:100].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return ": it is a web page"
    return ": it is an RTF file" if start.startswith(_RTF) else ""
