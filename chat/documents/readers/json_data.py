"""JSON, one value or many (JSON Lines), as lines that can be found, read in a stream by ijson.

An item of the outermost list, and each of many values, is a record: ``ships: name: Ada | crew.age: 33, 41``. What
stands in no list is a line a value, with the keys that lead to it: ``port.depth: 12``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import ijson

from chat.documents import encoding
from chat.documents.readers import text
from chat.documents.sections import Notice, Section

_Event = tuple[str, Any]
_MOST_KEYS = 16
"""Keys that are named before a value: the last ones."""

_RECORD_CHARACTERS = 1 << 14
"""Longer records are of several lines."""


def read_sections(path: Path) -> Iterator[Section | Notice]:
    """Yield the values in the file at ``path``; the text as it is if it is not JSON. Raise ``Unreadable`` if binary."""
    detected = encoding.detect(path)
    count = _count_values(path, detected)
    if count is None:
        yield from text.read_sections(path)
        return
    lines = _RecordLines(has_many_values=count > 1).lines(_events(path, detected))
    yield from text.split_by_heading((line, None) for line in lines)
    yield from detected.notices()


class _AsUtf8:
    """The text of a file as the bytes that ijson reads."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def read(self, size: int) -> bytes:
        return next(self._lines, "").encode("utf-8", "replace") if size else b""


def _events(path: Path, detected: encoding.Encoding) -> Iterator[_Event]:
    filled = filter(None, detected.lines(path))
    return iter(ijson.basic_parse(_AsUtf8(filled), multiple_values=True))


def _count_values(path: Path, detected: encoding.Encoding) -> int | None:
    """Return how many values the file has on its top level; None if it is not JSON."""
    count = depth = 0
    try:
        for event, _value in _events(path, detected):
            depth += event.startswith("start_") - event.startswith("end_")
            count += not depth
    except (ijson.JSONError, ValueError, ArithmeticError):
        return None
    return count


class _RecordLines:
    """Collects values into lines."""

    def __init__(self, *, has_many_values: bool) -> None:
        self._keys: list[str] = []  # of each open object the key, of each open list ""
        self._level = 0 if has_many_values else None  # the depth at which records stand, once it is known
        self._values: dict[str, list[str]] = {}
        self._size = 0

    def lines(self, events: Iterable[_Event]) -> Iterator[str]:
        """Yield the lines, with their ends."""
        for event, value in events:
            if event == "map_key":
                self._keys[-1] = value
                continue
            if event.startswith("start_"):
                self._keys.append("")
                if event == "start_array" and self._level is None:
                    self._level = len(self._keys)
                continue
            if event.startswith("end_"):
                self._keys.pop()
            else:
                self._add(value)
            if self._level is None or len(self._keys) <= self._level or self._size > _RECORD_CHARACTERS:
                yield from self._ended()

    def _add(self, value: Any) -> None:
        words = _words(value) if self._level is None else " ".join(_words(value).split())
        self._values.setdefault(_path(self._keys[self._level or 0 :]), []).append(words)
        self._size += len(words) + 1

    def _ended(self) -> Iterator[str]:
        """Yield the line of a record, or of a value in no list."""
        before = _path(self._keys[: self._level or 0])
        values = (f"{path}: " * bool(path) + ", ".join(words) for path, words in self._values.items())
        line = " | ".join(value for value in values if value)
        if line:
            yield f"{before}: {line}\n" if before else f"{line}\n"
        self._values, self._size = {}, 0
        if self._level is not None and len(self._keys) < self._level:
            self._level = None


def _path(keys: list[str]) -> str:
    return ".".join([key for key in keys[-_MOST_KEYS:] if key])


def _words(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
