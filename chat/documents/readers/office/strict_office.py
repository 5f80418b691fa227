"""Office files saved as "Strict Open XML", whose namespaces are other ones: the libraries know the usual ones only."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import IO

_STRICT = b"http://purl.oclc.org/ooxml/"
_NAMESPACE = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
_USUAL = rb"http://schemas.openxmlformats.org/\1/2006/"
_START = "_rels/.rels"


def open_office(path: Path) -> IO[bytes]:
    """Return the file, or a copy of a strict one with the usual namespaces. The archive is known to be harmless."""
    with zipfile.ZipFile(path) as archive:
        if _START not in archive.namelist() or _STRICT not in archive.read(_START):
            return path.open("rb")
        copy = io.BytesIO()
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as usual:
            for member in archive.infolist():
                content = archive.read(member)
                is_xml = member.filename.endswith((".xml", ".rels"))
                usual.writestr(member.filename, _NAMESPACE.sub(_USUAL, content) if is_xml else content)
    copy.seek(0)
    return copy
