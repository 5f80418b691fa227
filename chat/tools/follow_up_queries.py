"""The queries for a model that does not search itself: the question, made to stand without its conversation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chat.documents.words import words

SHORT = 4  # words that say something; a question of fewer leans on what was said before
MOST = 1500  # characters of a query, from both ends of a long message
_LEANS = re.compile(
    r"\b(?:it|its|they|them|their|he|she|his|her|this|that|these|those|there|then|same|other|others|else|more|again)\b"
    r"|^\s*(?:and|but|or|so|why|how about|what about)\b",
    re.IGNORECASE,
)


def follow_up_queries(texts: Sequence[str]) -> list[str]:
    """Return the queries for the last of a user's ``texts``: itself, and joined with the one before when it seems to
    follow up on it. Empty when it has no words.
    """
    *earlier, question = [_trimmed(text) for text in texts] or [""]
    if not words(question):
        return [earlier[-1]] if earlier and words(earlier[-1]) else []
    follows = len(words(question)) < SHORT or _LEANS.search(question)
    return [question, f"{earlier[-1]} {question}"] if earlier and follows else [question]


def _trimmed(text: str) -> str:
    text = text.strip()
    return text if len(text) <= MOST else f"{text[: MOST // 2]} {text[-MOST // 2 :]}"
