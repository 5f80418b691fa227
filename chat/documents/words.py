"""The words of a text that say what it is about, for search, citations and quotations alike."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from chat.documents.letters import plain

_STOP_WORDS = """
a about above after again all also am an and any are aren as at be because been before being below between both but by
can could couldn did didn do does doesn doing don down during each either else for from further get gets give given
gives had hadn has hasn have haven having he her here hers herself him himself his how i if in into is isn it its itself
just let ll may me might mine more most much must my myself neither no nor not of off on once only or other our ours
ourselves out over own please re s same shall she should shouldn so some such t tell than that the their theirs them
themselves then there these they this those through to too under until up upon us ve very was wasn we were weren what
when where which while who whom whose why will with without would wouldn you your yours yourself yourselves
"""

STOP_WORDS = frozenset(_STOP_WORDS.split())
"""English words, in small letters, that say nothing of what a text is about."""

_KATAKANA, _IDEOGRAPHS, _HANGUL = "\u30a0-\u30ff", "\u3400-\u9fff", "\uac00-\ud7af"
_RUNS = "|".join(f"[{script}]+" for script in (_KATAKANA, _IDEOGRAPHS, _HANGUL))
_WORD = re.compile(rf"{_RUNS}|[^\W_\u3040-\u30ff{_IDEOGRAPHS}{_HANGUL}]+")
_FIRST_EASTERN = "\u3040"
_ENDINGS = (  # and what replaces each; the first that fits
    *(("ies", ""), ("ied", ""), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ss", "ss")),
    *(("ings", ""), ("ing", ""), ("ed", ""), ("s", "")),
)
_SHORTEST_STEM = 3


def words(text: str, *, stop_words: Collection[str] = STOP_WORDS) -> list[str]:
    """Return the stems of the words of ``text`` in order, plain and without ``stop_words``.

    Of Chinese, Japanese and Korean each two characters of one script that stand together are one. Hiragana, which is
    mostly endings and particles, is left out.
    """
    return list(_split(plain(text), stop_words))


def _split(text: str, stop_words: Collection[str]) -> Iterator[str]:
    for word in _WORD.findall(text):
        if word[0] >= _FIRST_EASTERN and len(word) > 1:
            yield from (word[at : at + 2] for at in range(len(word) - 1))
        elif word not in stop_words:
            yield stem(word)


def stem(word: str) -> str:
    """Return what the other forms of an English ``word``, in small letters, begin with, more or less."""
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending) + instead
    return word
