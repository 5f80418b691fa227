"""Checks the answers of a session, which may come from the code that runs in it."""

from __future__ import annotations

from typing import Any

from chat.sandbox.errors import FileRefused
from chat.sandbox.protocol import Header
from chat.sandbox.values import DataFile, Limits, Status

MAX_NAME = 512  # bytes
MAX_ENTRIES = 2000
_MAX_MESSAGE = 500
_PNG = b"\x89PNG\r\n\x1a\n"
_STATUSES: dict[Any, Status] = {"ok": "ok", "error": "error", "interrupted": "interrupted"}


class BadAnswer(Exception):
    """An answer that our own code in the session would not give."""


def parse_status(header: Header) -> Status:
    """Return the status of a cell. Raise ``BadAnswer``."""
    value = header.get("status")
    if not isinstance(value, str) or value not in _STATUSES:
        raise BadAnswer
    return _STATUSES[value]


def value_and_traceback(header: Header) -> str:
    """Return the value of a last expression and the traceback, each on lines of its own."""
    texts = (header.get(name) for name in ("value", "traceback"))
    return "".join(f"{text.rstrip()}\n" for text in texts if isinstance(text, str) and text)


def is_picture(body: bytes) -> bool:
    return body.startswith(_PNG)


def parse_files(header: Header, limits: Limits) -> list[DataFile]:
    """Return the files of a list that are plausible; their names are safe as paths. Raise ``BadAnswer``."""
    files = header.get("files")
    if not isinstance(files, list):
        raise BadAnswer
    return [DataFile(*item) for item in files[:MAX_ENTRIES] if _is_entry(item, limits)]


def check_file_name(name: str) -> str:
    """Return ``name``. Raise ``FileRefused`` if it cannot be a file in ``/mnt/data``."""
    if not is_file_name(name):
        raise FileRefused(f"{name[:MAX_NAME]!r} is not the name of a file in /mnt/data")
    return name


def is_file_name(name: str) -> bool:
    """True for a relative path of printable characters that stays in its folder."""
    parts = name.split("/")
    return len(name.encode(errors="replace")) <= MAX_NAME and name.isprintable() and not {"", ".", ".."} & set(parts)


def parse_refusal(header: Header) -> FileRefused:
    message = header.get("message")
    text = message if isinstance(message, str) else ""
    return FileRefused("".join(c for c in text[:_MAX_MESSAGE] if c.isprintable()) or "The session refuses.")


def _is_entry(item: object, limits: Limits) -> bool:
    if not isinstance(item, list) or [type(part) for part in item] != [str, int, int]:
        return False
    name, size, modified = item
    # A file with holes in it is larger than the space it takes, but not than a disk.
    return is_file_name(name) and 0 <= size <= limits.disk and 0 <= modified < 1 << 63
