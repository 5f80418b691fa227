"""Office files are zip archives: checking that one is safe to unpack, and identifying what it is."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from lxml import etree

from chat.documents.errors import UNSUPPORTED, broken, protected, too_large
from chat.documents.formats import SUPPORTED, FileKind
from chat.errors import Unreadable

MAX_MEMBERS = 20_000
MAX_UNPACKED_BYTES = 300 << 20
"""All members together."""

MAX_RATIO = 200
"""Unpacked to packed, for a member of more than 10 MB. Real sheets reach 30; a bomb of zeros 1000."""

_RATIO_MATTERS_BYTES = 10 << 20
_TYPES_BYTES = 4 << 20
_CONTENT_TYPES = "[Content_Types].xml"
_ENCRYPTED_FLAG = 0x1

_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_MICROSOFT = "application/vnd.ms-"
_MAIN_PARTS = {
    _OPEN_XML + "wordprocessingml.document.main+xml": FileKind.WORD,
    _OPEN_XML + "wordprocessingml.template.main+xml": FileKind.WORD,
    _MICROSOFT + "word.document.macroEnabled.main+xml": FileKind.WORD,
    _MICROSOFT + "word.template.macroEnabledTemplate.main+xml": FileKind.WORD,
    _OPEN_XML + "presentationml.presentation.main+xml": FileKind.SLIDES,
    _OPEN_XML + "presentationml.slideshow.main+xml": FileKind.SLIDES,
    _OPEN_XML + "presentationml.template.main+xml": FileKind.SLIDES,
    _MICROSOFT + "powerpoint.presentation.macroEnabled.main+xml": FileKind.SLIDES,
    _MICROSOFT + "powerpoint.slideshow.macroEnabled.main+xml": FileKind.SLIDES,
    _MICROSOFT + "powerpoint.template.macroEnabled.main+xml": FileKind.SLIDES,
    _OPEN_XML + "spreadsheetml.sheet.main+xml": FileKind.SHEETS,
    _OPEN_XML + "spreadsheetml.template.main+xml": FileKind.SHEETS,
    _MICROSOFT + "excel.sheet.macroEnabled.main+xml": FileKind.SHEETS,
    _MICROSOFT + "excel.template.macroEnabled.main+xml": FileKind.SHEETS,
    _MICROSOFT + "excel.sheet.binary.macroEnabled.main": FileKind.SHEETS,
}
"""By the content type of the part that holds the document. Macros are in parts of their own, which nothing reads."""

_MIMETYPES = {
    media_type: supported.kind
    for supported in SUPPORTED.values()
    for media_type in supported.media_types
    if media_type.startswith(("application/vnd.oasis.opendocument.", "application/epub+zip"))
}
"""Of archives that have a member of this name."""


def identify_archive(path: Path) -> FileKind:
    """Return the kind of the zip archive at ``path``, once it is known to be harmless to unpack.

    Members are never written to a disk, so their names and modes do no harm. Raise ``Unreadable`` for archives that
    are broken, protected, too large unpacked, or no Office file that we read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(archive)
            return _declared_kind(archive) or _kind(_content_types(archive))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError, ValueError) as reason:
        raise broken("zip archive or Office file") from reason


def check_archive(archive: zipfile.ZipFile) -> None:
    """Raise ``Unreadable`` if unpacking would take more than a document ever needs.

    The sizes are those that the archive declares. Python's zipfile reads no further than declared; the memory limit of
    the process holds for readers that do.
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise too_large(f"An Office file may have up to {MAX_MEMBERS:,} parts")
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise too_large(f"An Office file may have up to {MAX_UNPACKED_BYTES >> 20} MB when unpacked")
    for member in members:
        if member.file_size > max(_RATIO_MATTERS_BYTES, MAX_RATIO * member.compress_size):
            raise too_large("A part of it would grow more than 200 times when unpacked")
        if member.flag_bits & _ENCRYPTED_FLAG:
            raise protected("file")


def _declared_kind(archive: zipfile.ZipFile) -> FileKind | None:
    """Return the kind of an OpenDocument file or e-book; None for others."""
    names = archive.namelist()
    declared = archive.read("mimetype")[:100] if "mimetype" in names else b""
    of_book = FileKind.BOOK if "META-INF/container.xml" in names else None  # many lack the declaration
    return _MIMETYPES.get(declared.decode("latin-1").strip(), of_book)


def _content_types(archive: zipfile.ZipFile) -> list[str]:
    if _CONTENT_TYPES not in archive.namelist():
        raise Unreadable("The file is a zip archive, not a document.", code=UNSUPPORTED)
    with archive.open(_CONTENT_TYPES) as member:
        content = member.read(_TYPES_BYTES)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as reason:
        raise broken("zip archive or Office file") from reason
    return [str(part.get("ContentType")) for part in root.iter("{*}Override", "{*}Default")]


def _kind(types: list[str]) -> FileKind:
    for name in types:
        if name in _MAIN_PARTS:
            return _MAIN_PARTS[name]
    raise Unreadable("The file is an Office file of a kind that cannot be read.", code=UNSUPPORTED)
