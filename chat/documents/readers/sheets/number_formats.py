"""Number formats of spreadsheets: what a cell shows of its value. ``#,##0.00 "kr"`` shows 1234.5 as ``1,234.50 kr``.

The codes are those of ECMA-376, part 1, 18.8.31. Points, commas and the names of months are English whatever language a
code names: a program takes them from the settings of the person who looks, which no file has.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, lru_cache, partial
from math import isfinite
from typing import NamedTuple

from chat.documents.readers.sheets.format_tokens import FormatToken, split_code
from chat.documents.readers.sheets.shown_dates import date_section
from chat.documents.readers.sheets.shown_numbers import as_it_is, digits_section

GENERAL = "General"
BUILT_IN = {
    **{1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??"},
    **{14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM"},
    **{20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", **dict.fromkeys((*range(27, 32), 36), "yyyy-mm-dd")},
    **{32: "h:mm", 33: "h:mm:ss", 34: "h:mm", 35: "h:mm:ss", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)"},
    **{39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0"},
    **{48: "##0.0E+0", **dict.fromkeys(range(50, 59), "yyyy-mm-dd")},
}
"""Codes that files name by a number only. The short date, 14, which differs by country, is that of ISO."""

_CONDITION = re.compile("([<>=]+)(.+)")
_COMPARISONS = {
    **{"<": operator.lt, "<=": operator.le, ">": operator.gt},
    **{">=": operator.ge, "=": operator.eq, "<>": operator.ne},
}
_REMEMBERED = 1 << 13
"""Values whose form is remembered for each format: dates and prices come again and again."""


class NumberFormat(NamedTuple):
    """How a cell shows a number, given as the file writes it; and words, None if as they are."""

    number: Callable[[str], str]
    words: Callable[[str], str] | None


class _Section(NamedTuple):
    holds: Callable[[float], bool]
    sign: str  # of negative numbers
    show: Callable[[float], str]  # a number without its sign


@cache
def number_format(code: str, *, from_1904: bool) -> NumberFormat:
    """Return the format of ``code``. ``from_1904``: days are counted from the year 1904, as old Macintoshes did."""
    if code == GENERAL:
        return NumberFormat(_general, None)
    parts = split_code(code)
    has_words = len(parts) > 3 or any(token.kind == "text" for token in parts[-1])
    words = partial(_words, parts.pop()) if has_words else None
    sections = [_section(part, at, len(parts), from_1904=from_1904) for at, part in enumerate(parts)]

    def show(value: float) -> str:
        for section in sections:
            if section.holds(value):
                return (section.sign if value < 0 else "") + section.show(abs(value)).strip()
        return as_it_is(value)

    return NumberFormat(lru_cache(_REMEMBERED)(partial(_shown, show)), words)


def _general(written: str) -> str:
    return written if written.isdecimal() else _shown(as_it_is, written)


def _shown(show: Callable[[float], str], written: str) -> str:
    """Return what ``show`` makes of a number; what is none, or infinite, as it is written."""
    with suppress(ValueError):
        number = float(written)
        return show(number) if isfinite(number) else written
    return written


def _section(tokens: Sequence[FormatToken], at: int, count: int, *, from_1904: bool) -> _Section:
    """Return the section at this place of ``count``. By their places they are for positive and negative numbers, zero.

    One for negative numbers alone leaves out their sign.
    """
    show = _show([token for token in tokens if token.kind != "condition"], from_1904=from_1904)
    told = next((_CONDITION.match(token.text) for token in tokens if token.kind == "condition"), None)
    if told:
        limit = float(told[2])
        compare = _COMPARISONS.get(told[1], operator.eq)
        return _Section(lambda value: bool(compare(value, limit)), "" if told[1] == "<" and limit <= 0 else "-", show)
    if at == count - 1:
        return _Section(lambda _: True, "" if at == 1 else "-", show)
    if at == 0:
        return _Section(lambda value: value > 0 or (value == 0 and count == 2), "-", show)
    return _Section(lambda value: value < 0, "", show)


def _show(tokens: Sequence[FormatToken], *, from_1904: bool) -> Callable[[float], str]:
    kinds = {token.kind for token in tokens}
    if kinds & {"date", "elapsed"}:
        return date_section(tokens, from_1904=from_1904)
    if "general" in kinds:
        return lambda value: "".join(as_it_is(value) if token.kind == "general" else token.text for token in tokens)
    if "digit" in kinds:
        return digits_section(tokens)
    literal = "".join(token.text for token in tokens if token.kind in ("literal", "sign"))
    return lambda _: literal


def _words(tokens: Sequence[FormatToken], words: str) -> str:
    return "".join(words if token.kind == "text" else token.text for token in tokens).strip()
