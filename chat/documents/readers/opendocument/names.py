"""The names of elements and attributes of OpenDocument files (OpenDocument 1.3, part 3)."""

from __future__ import annotations

_SPACES = {
    **{
        name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"
        for name in ("chart", "manifest", "office", "presentation", "style", "table", "text")
    },
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "svg": "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xlink": "http://www.w3.org/1999/xlink",
}


def qualified(name: str) -> str:
    """Return ``text:p`` as lxml spells it."""
    prefix, _, local = name.partition(":")
    return f"{{{_SPACES[prefix]}}}{local}"
