"""Office files from before 2007 are OLE archives: identifying what one is."""

from __future__ import annotations

from pathlib import Path

import olefile

from chat.documents.errors import protected
from chat.documents.formats import SUPPORTED, FileKind, old_office

_MAIN_STREAMS = {
    "WordDocument": FileKind.OLD_WORD,
    "PowerPoint Document": FileKind.OLD_SLIDES,
    "Workbook": FileKind.SHEETS,
    "Book": FileKind.SHEETS,
}
"""By the name of the stream that holds the document."""

_ENCRYPTED = "EncryptedPackage"
"""The stream of an Office file of our days that has a password."""


def identify_archive(path: Path, *, extension: str) -> FileKind:
    """Return the kind of the OLE archive at ``path``, which claims to be ``extension``.

    Raise ``Unreadable`` for one that is broken, protected, or nothing that we read.
    """
    names = _top_names(path)
    for name in names:
        if name in _MAIN_STREAMS:
            return _MAIN_STREAMS[name]
    if _ENCRYPTED in names or _mentions_encryption(path):
        raise protected(SUPPORTED[extension].kind.label)
    raise old_office(extension)


def _top_names(path: Path) -> list[str]:
    """Return the names of the streams that lie in nothing else; none if the directory is broken."""
    try:
        with olefile.OleFileIO(path) as archive:
            return [entry.name for entry in archive.root.kids]
    except Exception:  # what a broken directory raises is not documented
        return []


def _mentions_encryption(path: Path) -> bool:
    """Return whether the file, whose directory may be broken, has the name of an encrypted stream."""
    name = _ENCRYPTED.encode("utf-16-le")
    with path.open("rb") as file:
        tail = b""
        while block := file.read(1 << 20):
            if name in tail + block:
                return True
            tail = block[-len(name) :]
    return False
