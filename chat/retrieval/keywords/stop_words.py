"""The words of a question that say nothing of what it is about: English ones, and those of its own language."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from stop_words import LANGUAGE_MAPPING, get_stop_words

from chat.documents.words import STOP_WORDS
from chat.retrieval.keywords.letters import plain

LEAST = 2
"""The stop words by which a question shows its language: "car insurance" is not French for its "car"."""

OTHERS = frozenset(LANGUAGE_MAPPING) - {"en", "ja", "zh", "ko"}
"""Languages with lists. The eastern ones are searched by pairs of characters."""


def stop_words_of(words: Collection[str]) -> frozenset[str]:
    """Return the English stop words, and those of the language, or languages, that ``words`` are most likely in.

    ``words`` are plain ones.
    """
    telling = {word for word in words if len(word) > 1}
    found = {language: len(listed & telling) for language, listed in _lists().items()}
    most = max(found.values())
    if most < LEAST or most <= len(STOP_WORDS & telling):
        return STOP_WORDS
    return STOP_WORDS.union(*(_lists()[language] for language, count in found.items() if count == most))


@cache
def _lists() -> dict[str, frozenset[str]]:
    return {language: frozenset(map(plain, get_stop_words(language))) for language in sorted(OTHERS)}
