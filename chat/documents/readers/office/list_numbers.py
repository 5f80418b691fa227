"""The numbers that Word shows before the paragraphs of its lists and headings: they are not in the text."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from docx.oxml.ns import qn

_VALUE = qn("w:val")
_NUMBERED = f"{qn('w:pPr')}/{qn('w:numPr')}"
_STYLE = f"{qn('w:pPr')}/{qn('w:pStyle')}"
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"))
_SMALL_ROMAN = ((9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_MOST_LEVELS = 9
_MOST_IN_LETTERS = 1000


class ListNumbers:
    """Counts the items of a document's lists, in the order of the paragraphs. Empty ones have no numbers.

    ``numbering`` and ``styles`` are the roots of these parts, None where there is none.
    """

    def __init__(self, numbering: Any, styles: Any) -> None:
        self._levels = {} if numbering is None else _levels_of_lists(numbering)
        self._styles = _lists_of_styles(styles)
        self._counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * _MOST_LEVELS)

    def next(self, paragraph: Any) -> str:
        """Return the number of the next ``paragraph`` with a blank behind it; empty for one without a number."""
        list_id, level = self._place(paragraph)
        definitions = self._levels.get(list_id, {})
        if level not in definitions:
            return ""
        counts = self._counts[list_id]
        start, kind, pattern = definitions[level]
        counts[level] = counts[level] + 1 if counts[level] else start
        counts[level + 1 :] = [0] * (_MOST_LEVELS - level - 1)
        if kind in ("bullet", "none") or not pattern:
            return ""

        def number(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            first, of_level, _pattern = definitions.get(at, (1, "decimal", ""))
            return number_in_words(counts[at] or first, of_level)

        return re.sub(r"%([1-9])", number, pattern) + " "

    def _place(self, paragraph: Any) -> tuple[str, int]:
        """Return the list of a paragraph and its level in it; an empty list for none."""
        style = paragraph.find(_STYLE)
        of_style = self._styles.get("" if style is None else style.get(_VALUE, ""), ("", 0))
        own = paragraph.find(_NUMBERED)
        return of_style if own is None else _place_of(own, default=of_style)


def _place_of(numbered: Any, *, default: tuple[str, int]) -> tuple[str, int]:
    list_id, level = numbered.find(qn("w:numId")), numbered.find(qn("w:ilvl"))
    return (
        default[0] if list_id is None else list_id.get(_VALUE, ""),
        default[1] if level is None else min(_whole(level.get(_VALUE)), _MOST_LEVELS - 1),
    )


def _lists_of_styles(styles: Any) -> dict[str, tuple[str, int]]:
    places = {}
    for style in styles.iterfind(qn("w:style")):
        if (numbered := style.find(_NUMBERED)) is not None:
            places[style.get(qn("w:styleId"), "")] = _place_of(numbered, default=("", 0))
    return places


def _levels_of_lists(numbering: Any) -> dict[str, dict[int, tuple[int, str, str]]]:
    """Return the first number, the kind of number and the pattern of each level of each list."""
    abstract = {
        each.get(qn("w:abstractNumId")): {
            min(_whole(level.get(qn("w:ilvl"))), _MOST_LEVELS - 1): (
                _whole(_value(level, "w:start"), default=1),
                _value(level, "w:numFmt"),
                _value(level, "w:lvlText"),
            )
            for level in each.iterfind(qn("w:lvl"))
        }
        for each in numbering.iterfind(qn("w:abstractNum"))
    }
    return {
        each.get(qn("w:numId"), ""): abstract.get(_value(each, "w:abstractNumId"), {})
        for each in numbering.iterfind(qn("w:num"))
    }


def _value(parent: Any, name: str) -> str:
    element = parent.find(qn(name))
    return "" if element is None else element.get(_VALUE, "")


def _whole(text: str | None, *, default: int = 0) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text) else default


def number_in_words(number: int, kind: str) -> str:
    """Return the number of an item as a list of ``kind``, a ``w:numFmt``, shows it."""
    if number > _MOST_IN_LETTERS:
        return str(number)
    if kind in ("lowerLetter", "upperLetter"):
        letters = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letters.upper() if kind == "upperLetter" else letters
    if kind in ("lowerRoman", "upperRoman"):
        letters = ""
        for value, sign in (*_ROMAN, *_SMALL_ROMAN):
            letters += sign * (number // value)
            number %= value
        return letters.upper() if kind == "upperRoman" else letters
    return f"{number:02d}" if kind == "decimalZero" else str(number)
