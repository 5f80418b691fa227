"""The parts of an OpenDocument file, which is a zip archive that is known to be harmless."""

from __future__ import annotations

import zipfile
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lxml import etree

from chat.documents.errors import broken, protected
from chat.documents.formats import FileKind
from chat.documents.readers.opendocument.names import qualified

_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
)
_STYLE, _PROPERTIES = qualified("style:style"), qualified("style:text-properties")
_LIST_STYLE, _LEVEL = qualified("text:list-style"), qualified("text:list-level-style-number")


class OpenDocument:
    """An open file. ``kind`` is for the words of refusals."""

    def __init__(self, path: Path, *, kind: FileKind) -> None:
        self._archive = zipfile.ZipFile(path)
        self._kind = kind

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._archive.close()

    def content(self) -> Any:
        """Return the root of the document. Raise ``Unreadable`` if it is protected or broken."""
        manifest = self.part("META-INF/manifest.xml")
        if manifest is not None and next(manifest.iter(qualified("manifest:encryption-data")), None) is not None:
            raise protected(self._kind.label)
        root = self.part("content.xml")
        if root is None:
            raise broken(self._kind.label)
        return root

    def part(self, name: str) -> Any:
        """Return the root of an XML part; None if it is absent or broken."""
        try:
            return etree.fromstring(self._archive.read(name), _PARSER)
        except (KeyError, etree.XMLSyntaxError):
            return None

    @cached_property
    def _styles(self) -> list[Any]:
        roots = (self.part("content.xml"), self.part("styles.xml"))
        return [root for root in roots if root is not None]

    @cached_property
    def hidden_styles(self) -> frozenset[str]:
        """The names of the styles whose text is hidden."""
        return frozenset(
            style.get(qualified("style:name"), "")
            for root in self._styles
            for style in root.iter(_STYLE)
            if any(each.get(qualified("text:display")) == "none" for each in style.iter(_PROPERTIES))
        )

    @cached_property
    def list_styles(self) -> dict[str, dict[int, Any]]:
        """The numbered levels, from 1, of each style of lists."""
        return {
            style.get(qualified("style:name"), ""): {
                int(level.get(qualified("text:level"), "0")): level for level in style.iter(_LEVEL)
            }
            for root in self._styles
            for style in root.iter(_LIST_STYLE)
        }

    @property
    def margins(self) -> list[tuple[str, Any]]:
        """The headers and footers of pages with what they are."""
        root = self.part("styles.xml")
        kinds = {qualified("style:header"): "Page header", qualified("style:footer"): "Page footer"}
        return [] if root is None else [(kinds[each.tag], each) for each in root.iter(*kinds)]
