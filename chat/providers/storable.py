"""Text of models as rows can hold it."""

from __future__ import annotations


def storable_text(text: str) -> str:
    """Return ``text`` with a sign for each character that no column can hold: half of a surrogate pair, or NUL."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
