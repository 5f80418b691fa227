"""What a session says, taken for what it is: words of the code that runs in it."""

from __future__ import annotations

from typing import Any

from chat.sandbox.errors import FileRefused
from chat.sandbox.protocol import Header
from chat.sandbox.values import Entry, Limits, Status

MAX_NAME = 512  # bytes
MAX_ENTRIES = 2000
_MAX_MESSAGE = 500
_PNG = b"\x89PNG\r\n\x1a\n"
_STATUSES: dict[Any, Status] = {"ok": "ok", "error": "error", "interrupted": "interrupted"}


class Broken(Exception):
    """Not an answer that our own code in the session would give."""


def status(header: Header) -> Status:
    """Raises ``Broken``."""
    value = header.get("status")
    if not isinstance(value, str) or value not in _STATUSES:
        raise Broken
    return _STATUSES[value]


def said(header: Header) -> str:
    """The value of a last expression and the traceback, a line each."""
    texts = (header.get(name) for name in ("value", "traceback"))
    return "".join(f"{text.rstrip()}\n" for text in texts if isinstance(text, str) and text)


def is_picture(body: bytes) -> bool:
    return body.startswith(_PNG)


def entries(header: Header, limits: Limits) -> list[Entry]:
    """Those of the files in a list that can be what they say; the names are safe as paths. Raises ``Broken``."""
    listed = header.get("files")
    if not isinstance(listed, list):
        raise Broken
    return [Entry(*item) for item in listed[:MAX_ENTRIES] if _is_entry(item, limits)]


def check_name(name: str) -> str:
    """Raises ``FileRefused`` for what cannot be a file in ``/mnt/data``."""
    if not is_name(name):
        raise FileRefused(f"{name[:MAX_NAME]!r} is not the name of a file in /mnt/data")
    return name


def is_name(name: str) -> bool:
    """A path that goes down, in letters that can be shown."""
    parts = name.split("/")
    return len(name.encode(errors="replace")) <= MAX_NAME and name.isprintable() and not {"", ".", ".."} & set(parts)


def refusal(header: Header) -> FileRefused:
    message = header.get("message")
    text = message if isinstance(message, str) else ""
    return FileRefused("".join(c for c in text[:_MAX_MESSAGE] if c.isprintable()) or "The session refuses.")


def _is_entry(item: object, limits: Limits) -> bool:
    if not isinstance(item, list) or [type(part) for part in item] != [str, int, int]:
        return False
    name, size, modified = item
    # with holes in it a file can seem larger than what it takes up
    return is_name(name) and 0 <= size <= limits.disk and 0 <= modified < 1 << 63
