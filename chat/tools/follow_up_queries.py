"""The queries for a model that does not search itself: the question, made to stand without its conversation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chat.documents.stop_words import content_words, likely_languages
from chat.tools.leaning_words import leans

SHORT = 15  # letters of words that say something; a question of fewer leans on what was said before
MOST = 1500  # characters of a query, from both ends of a long message
_EASTERN = re.compile("[\u30a0-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_AS_MANY = 3  # letters as a Chinese or Japanese character counts for


def follow_up_queries(texts: Sequence[str]) -> list[str]:
    """Return the queries for the last of a user's ``texts``: itself, and joined with the one before when it seems to
    follow up on it. Empty when it has no words.
    """
    *earlier, question = [_trimmed(text) for text in texts] or [""]
    # A short question hardly tells its language.
    languages = likely_languages(" ".join([*earlier[-1:], question]))
    if not (says := content_words(question, languages=languages)):
        return earlier[-1:] if earlier and content_words(earlier[-1], languages=languages) else []
    follows = sum(map(_letters, says)) < SHORT or leans(question, languages=languages)
    return [question, f"{earlier[-1]} {question}"] if earlier and follows else [question]


def _letters(word: str) -> int:
    return len(word) * (_AS_MANY if _EASTERN.match(word) else 1)


def _trimmed(text: str) -> str:
    text = text.strip()
    return text if len(text) <= MOST else f"{text[: MOST // 2]} {text[-MOST // 2 :]}"
