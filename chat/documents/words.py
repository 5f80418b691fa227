"""The words of a text that say what it is about."""

from __future__ import annotations

import re

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")  # a character of an eastern script is a word
_ENDING = re.compile(r"(?<=\w{3})(?:ing|ed|es|s)$")
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        """a about an and are as at be by can could did do does for from had has have he her his how i if in is it its
        long many me much must my no not of on or our say says she so that the their them there they this to was we
        were what when where which who why will with would yes you your""",
    )
)


def words(text: str) -> list[str]:
    """In order, in small letters and without their commonest English endings; without words that any text has."""
    return [_ENDING.sub("", word) for word in _WORD.findall(text.lower()) if word not in _EMPTY]
