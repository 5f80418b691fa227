"""The ``rewrite_query`` of the search API: questions without the words of asking. A rule of thumb for English."""

from __future__ import annotations

import re

from chat.documents.stop_words import is_english

_BEGINNING = (
    "are|can|could|did|do|does|explain|find|give|has|have|hello|hey|hi|how|is|may|might|please|shall|should|show|tell|"
    "was|were|what|what's|when|where|where's|which|who|who's|whose|why|will|would"
)
_BETWEEN = f"{_BEGINNING}|a|about|an|any|be|been|i|it|know|like|me|my|of|our|some|the|there|to|us|want|we|you"
_ENDINGS = {"", "are", "is", "please", "thank", "thanks", "was", "were", "you"}
_STOPS = "?!.,"

# Only where the first word tells that somebody asks: "The Who" is a name.
_ASKING = re.compile(rf"\s*(?:{_BEGINNING})[,:.!]*\s+(?:(?:{_BETWEEN})[,:.!]*\s+)*", re.IGNORECASE)
_NOTHING = re.compile(rf"(?:{_BETWEEN})?", re.IGNORECASE)


def rewrite_query(question: str) -> str:
    """Return what ``question`` asks for; itself, if it does not look like an English question or nothing would remain.

    >>> rewrite_query("Could you please tell me what the return policy is?")
    'return policy'
    >>> rewrite_query("The Who")
    'The Who'
    """
    asking = _ASKING.match(question.replace("’", "'"))
    # "Was" and "die" are words of other languages, too.
    if asking is None or not is_english(question):
        return question
    words = question[asking.end() :].split()
    while words and words[-1].strip(_STOPS).casefold() in _ENDINGS:
        words.pop()
    query = " ".join(words).rstrip(_STOPS)
    return question if _NOTHING.fullmatch(query) else query
