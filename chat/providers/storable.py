"""Text of models as rows can hold it."""

from __future__ import annotations


def storable_text(text: str) -> str:
    """Without what neither UTF-8 nor PostgreSQL's JSON can hold: halves of surrogate pairs, and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
