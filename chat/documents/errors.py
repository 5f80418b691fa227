"""The codes and sentences of ``Unreadable``, for readers of every format."""

from __future__ import annotations

from chat.errors import Unreadable

UNSUPPORTED = "unsupported_file"
INVALID = "invalid_file"
BROKEN_SERVER = "server_error"
"""The codes of a store file's ``last_error`` (reference, section 9)."""


def too_large(limit: str) -> Unreadable:
    """Return the refusal of a file over a limit; ``limit`` in words: ``A web page may have up to 20 MB``."""
    return Unreadable(f"The file could not be parsed because it is too large. {limit}.")


def broken(kind: str) -> Unreadable:
    """Return the refusal of a broken file; ``kind`` in words: ``Word document``."""
    return Unreadable(f"The file is broken or not {with_article(kind)}.")


def protected(kind: str) -> Unreadable:
    """Return the refusal of an encrypted file; ``kind`` in words: ``PDF``."""
    return Unreadable(f"The {kind} is protected by a password.")


def with_article(kind: str) -> str:
    """Return ``kind`` with the article before it: ``an e-book``."""
    return f"{'an' if kind[0].lower() in 'aeio' else 'a'} {kind}"
