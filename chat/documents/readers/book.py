"""E-books (EPUB): the chapters in the order in which they are read, each by the reader of web pages."""

from __future__ import annotations

import codecs
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lxml import etree

from chat.documents.errors import broken
from chat.documents.formats import FileKind
from chat.documents.readers.html import page_sections
from chat.documents.sections import Notice, Section
from chat.errors import Unreadable

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
_FONTS_ONLY = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""The algorithms that hide fonts: the text is there to read."""


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the sections of each chapter; one without headings stands under its title in the table of contents.

    Raise ``Unreadable`` if the book is broken or protected.
    """
    with zipfile.ZipFile(path) as archive:
        _check_rights(archive)
        chapters, titles = _contents(archive)
        missing = 0
        for name in chapters:
            try:
                content = archive.read(name)
            except KeyError:
                missing += 1
            else:
                yield from _chapter(content, titles.get(name, ""))
    if missing:
        yield Notice(f"{missing} of {len(chapters)} chapters are missing in the file.")


def _check_rights(archive: zipfile.ZipFile) -> None:
    root = _part(archive, "META-INF/encryption.xml")
    methods = () if root is None else root.iter("{*}EncryptionMethod")
    if any(method.get("Algorithm") not in _FONTS_ONLY for method in methods):
        raise Unreadable("The e-book is protected against copying (DRM), so that it cannot be read.")


def _contents(archive: zipfile.ZipFile) -> tuple[list[str], dict[str, str]]:
    """Return the members that are chapters, each once, in order, and their titles in the table of contents."""
    container = _part(archive, "META-INF/container.xml")
    named = () if container is None else container.iter("{*}rootfile")
    place = next((root.get("full-path", "") for root in named), "")
    package = _part(archive, place)
    if package is None:
        raise broken(FileKind.BOOK.label)
    files = {item.get("id"): _resolved(place, item.get("href", "")) for item in package.iter("{*}item")}
    listed = (files.get(reference.get("idref")) for reference in package.iter("{*}itemref"))
    titles: dict[str, str] = {}
    for item in package.iter("{*}item"):
        if "nav" in item.get("properties", "").split() or item.get("media-type") == "application/x-dtbncx+xml":
            contents = files[item.get("id")]
            titles |= dict(_titles(_part(archive, contents), contents))
    return list(dict.fromkeys(filter(None, listed))), titles


def _titles(root: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield the members that a table of contents, in either form, names with their titles."""
    for point in () if root is None else root.iter("{*}navPoint", "{*}a"):
        is_link = etree.QName(point).localname == "a"
        target = (
            point.get("href") if is_link else next((each.get("src") for each in point.iterchildren("{*}content")), "")
        )
        label = point if is_link else next(point.iterchildren("{*}navLabel"), None)
        if target and label is not None and "#" not in target:
            yield _resolved(place, target), " ".join("".join(label.itertext()).split())


def _resolved(place: str, address: str) -> str:
    """Return the member at ``address``, seen from the member ``place``."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(address.partition("#")[0])))


def _part(archive: zipfile.ZipFile, name: str) -> Any:
    try:
        return etree.fromstring(archive.read(name), _PARSER)
    except (KeyError, etree.XMLSyntaxError):
        return None


def _chapter(content: bytes, title: str) -> Iterator[Section]:
    sections = list(page_sections(_decoded(content)))
    if title and sections and not any(title in section.text for section in sections):
        first = sections[0]
        sections[0] = replace(first, heading=title, text=f"{title}\n\n{first.text}")
    yield from sections


def _decoded(content: bytes) -> str:
    """Return a chapter as text: UTF-8 or UTF-16 by the standard, and what old programs made of Western texts."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
