"""Office files as archives of parts that refer to each other, read only where they are asked for.

python-docx and python-pptx have the like; a part here has the same attributes, so that what reads theirs reads these.
"""

from __future__ import annotations

import posixpath
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any
from urllib.parse import unquote
from zipfile import BadZipFile, ZipFile

from lxml import etree

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


class Package:
    """The parts of ``archive``; names are compared as Windows does, since the programs that write them do."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._members = {_normal(name): name for name in archive.namelist()}

    @property
    def root(self) -> Part:
        """The part without a name, which refers to the main one."""
        return Part(self, "")

    def open(self, name: str) -> IO[bytes]:
        """Return the content of a part. Raise ``KeyError`` if there is none of this name."""
        return self._archive.open(self._members[_normal(name)])


@dataclass(frozen=True)
class Part:
    """A part of ``package``, whether there is one of this ``name`` or not."""

    package: Package
    name: str

    @property
    def blob(self) -> bytes:
        """The content. Raise ``KeyError`` if there is none, or if it cannot be unpacked."""
        try:
            with self.package.open(self.name) as file:
                return file.read()
        except (BadZipFile, zlib.error, EOFError) as reason:
            raise KeyError(self.name) from reason

    @cached_property
    def rels(self) -> dict[str | None, Relation]:
        """What it refers to, by ids; empty if its relationships are absent. Raise ``XMLSyntaxError`` if broken."""
        folder, _, name = self.name.rpartition("/")
        try:
            content = Part(self.package, f"{folder}/_rels/{name}.rels").blob
        except KeyError:
            return {}
        links = etree.fromstring(content, _PARSER).iter(_RELATIONSHIP)
        return {link.get("Id"): Relation(self.package, folder, dict(link.attrib)) for link in links}

    def related(self, kind: str) -> list[Part]:
        """Return the parts that it refers to as ``kind``: the last word of a relationship's type."""
        return [each.target_part for each in self.rels.values() if each.reltype.endswith(f"/{kind}")]

    def xml(self) -> Any:
        """Return the root of the XML in it. Raise ``KeyError`` or ``XMLSyntaxError`` if it is absent or broken."""
        return etree.fromstring(self.blob, _PARSER)


@dataclass(frozen=True)
class Relation:
    """A reference from a part in ``folder``."""

    package: Package
    folder: str
    attributes: dict[str, str]

    @property
    def reltype(self) -> str:
        """Its type, an address."""
        return self.attributes.get("Type", "")

    @property
    def target_part(self) -> Part:
        """The part that it means."""
        target = unquote(self.attributes.get("Target", ""))
        return Part(self.package, posixpath.normpath(posixpath.join("/", self.folder, target)))


def _normal(name: str) -> str:
    return name.replace("\\", "/").lower().lstrip("/")
