"""The words of a text that say nothing of what it is about, and the language that they tell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from stop_words import LANGUAGE_MAPPING, get_stop_words

from chat.documents.letters import plain
from chat.documents.words import STOP_WORDS

LEAST = 2
"""The stop words by which a question shows its language: "car insurance" is not French for its "car"."""

_WORD = re.compile(r"[^\W\d_]+")
_CONTENT = re.compile("[\u30a0-\u30ff]+|[\u3400-\u9fff]+|[^\\W_\u3040-\u30ff\u3400-\u9fff]+")
_SCRIPTS = {
    "ja": re.compile("[\u3040-\u30ff]"),
    "zh": re.compile("[\u3400-\u9fff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
}

OTHERS = frozenset(LANGUAGE_MAPPING) - {"en", "ja", "zh", "ko"}
"""Languages with lists. The eastern ones are searched by pairs of characters."""


def stop_words_of(text: str) -> frozenset[str]:
    """Return the English stop words, plain, and those of the language or languages that ``text`` is likely in."""
    english, others = _counts(text)
    most = max(others.values())
    if most < LEAST or most <= english:
        return STOP_WORDS
    return STOP_WORDS.union(*(_plain_list(language) for language, count in others.items() if count == most))


def is_english(text: str) -> bool:
    """Return whether ``text`` is most likely English: in Latin letters, and no other language has more words in it."""
    letters = [char for char in text if char.isalpha()]
    if 2 * sum(char < "\u0370" or "\u1e00" <= char <= "\u1eff" for char in letters) < len(letters):
        return False
    english, others = _counts(text)
    return english >= max(others.values())


def likely_languages(text: str) -> frozenset[str]:
    """Return the codes of the language that ``text`` is most likely in; of several, if its words do not tell which.

    >>> likely_languages("Wie lange ist der Käse haltbar?")
    frozenset({'de'})
    """
    for language, script in _SCRIPTS.items():
        if script.search(text):
            return frozenset({language})
    english, others = _counts(text)
    most = max(english, *others.values())
    return frozenset(language for language, count in {"en": english, **others}.items() if count == most)


def content_words(text: str, *, languages: Iterable[str]) -> list[str]:
    """Return the words of ``text`` in order, plain, without the stop words of ``languages``.

    A word of Chinese or Japanese is a run of characters of one script; hiragana, which is endings and particles, is
    left out.
    """
    stop_words = frozenset().union(*(STOP_WORDS if each == "en" else _plain_list(each) for each in languages))
    return [word for word in _CONTENT.findall(plain(text)) if word not in stop_words]


def _counts(text: str) -> tuple[int, dict[str, int]]:
    """Return how many stop words of English and of each other language ``text`` has."""
    # With their accents: without, "thế" is "the". Single letters are words of many languages.
    words = {word for word in _WORD.findall(unicodedata.normalize("NFC", text).lower()) if len(word) > 1}
    return len(STOP_WORDS & words), {language: len(_list(language) & words) for language in OTHERS}


@cache
def _list(language: str) -> frozenset[str]:
    return frozenset(get_stop_words(language))


@cache
def _plain_list(language: str) -> frozenset[str]:
    return frozenset(map(plain, get_stop_words(language)))
