"""Why a file could not be read."""

from __future__ import annotations

from chat.errors import Refusal

UNSUPPORTED = "unsupported_file"
INVALID = "invalid_file"
BROKEN_SERVER = "server_error"
"""The codes of a store file's ``last_error`` (reference, section 9)."""


class Unreadable(Refusal):
    """The file could not be read.

    ``code`` is ``unsupported_file`` (we do not read such files), ``invalid_file`` (this one is broken, protected, empty
    or too large) or ``server_error`` (our fault; another try may do).
    """

    code = INVALID


def too_large(limit: str) -> Unreadable:
    """``limit`` in words: ``A web page may have up to 20 MB``."""
    return Unreadable(f"The file could not be parsed because it is too large. {limit}.")


def broken(kind: str) -> Unreadable:
    """``kind`` in words: ``Word document``."""
    return Unreadable(f"The file is broken or not a {kind}.")


def protected(kind: str) -> Unreadable:
    """``kind`` in words: ``PDF``."""
    return Unreadable(f"The {kind} is protected by a password.")
