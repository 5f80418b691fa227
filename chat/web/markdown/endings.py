"""Guesses which lines could end the block that they follow, from its first line and without parsing.

A guess decides when ``stream`` asks the parser, never what that answers. A wrong one costs time or shows a block a
little later.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MayEnd = Callable[[str, bool], bool]  # (line, whether the line before is empty)

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LIST = re.compile(r" {0,3}(?:\d{1,9}([.)])|([-+*]))(?:[ \t]|$)")
_QUOTE = re.compile(r" {0,3}>")
_CODE = re.compile(r" {4}| {0,3}\t")
_START = re.compile(r" {0,3}(?:[#>]|`{3}|~{3}|\$\$|\\\[|[-+*][ \t]|\d{1,9}[.)][ \t]|[-_*=|: \t]+$)")
_BEGUN = re.compile(r"[^\s\d*+-]|\*\*\S")


def is_empty(line: str) -> bool:
    """Return whether a line is what Markdown calls empty."""
    return not line.strip(" \t")


def end_test(first: str) -> MayEnd:
    """Return the guess for a block with this first line; it holds for that line too."""
    for pattern, kind in _KINDS:
        if match := pattern.match(first):
            return kind(match)
    return _paragraph


def is_fence(first: str) -> bool:
    """Return whether a block with this first line goes on until its closing fence."""
    return _FENCE.match(first) is not None


def closes_fence(line: str, opening: str) -> bool:
    """Return whether the line ends a block of code that ``opening``, for example three backticks, began."""
    marks = line.strip(" \t")
    return not _CODE.match(line) and len(marks) >= len(opening) and not marks.strip(opening[0])


def begins_another(line: str) -> bool:
    """Return whether a line that begins so, after an empty line, cannot belong to a list above."""
    return _BEGUN.match(line) is not None


def _fence(opening: re.Match[str]) -> MayEnd:
    return lambda line, _after_empty: closes_fence(line, opening[1])


def _list(item: re.Match[str]) -> MayEnd:
    def may_end(line: str, after_empty: bool) -> bool:
        if is_empty(line) or line.startswith(("  ", "\t")):
            return False
        other = _LIST.match(line)
        if other and other.groups() == item.groups():
            return False
        return after_empty or _START.match(line) is not None

    return may_end


def _quote(_: re.Match[str]) -> MayEnd:
    return lambda line, after_empty: not _QUOTE.match(line) and _paragraph(line, after_empty)


def _code(_: re.Match[str]) -> MayEnd:
    return lambda line, _after_empty: not is_empty(line) and not _CODE.match(line)


def _paragraph(line: str, _after_empty: bool) -> bool:
    # Also for headings, rules, tables and formulas.
    return is_empty(line) or _START.match(line) is not None or line.rstrip(" \t").endswith(("$$", "\\]"))


_KINDS: list[tuple[re.Pattern[str], Callable[[re.Match[str]], MayEnd]]] = [
    (_FENCE, _fence),
    (_LIST, _list),
    (_QUOTE, _quote),
    (_CODE, _code),
]
