"""Which of the passages that were found support an answer, for models that do not say so themselves."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from chat.documents.stop_words import stop_words_of
from chat.documents.words import words
from chat.tools.citations import Place, Sources

MOST = 3  # citations that are put under an answer
ENOUGH = 0.5  # of the weight of a sentence's words must stand in the passage
FEWEST = 2  # words that a sentence must share with it
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")


def supporting_sources(answer: str, sources: Sources) -> list[Place]:
    """The sources on which the sentences of ``answer`` rest, in the order of the sentences; empty if on none."""
    stop_words = stop_words_of(answer)
    bags = {place: set(words(source.text)) for place, source in sources.items()}
    counts = Counter(word for bag in bags.values() for word in bag)
    chosen: dict[Place, None] = {}
    for sentence in _SENTENCE.split(answer):
        weights = {
            word: math.log(1 + (len(bags) + 1) / (counts[word] + 1)) for word in words(sentence, stop_words=stop_words)
        }
        best = max(_scores(weights, bags), default=None)
        if best and best[0] >= ENOUGH * sum(weights.values()):
            chosen.setdefault(best[2])
    return list(chosen)[:MOST]


def _scores(weights: dict[str, float], bags: dict[Place, set[str]]) -> Iterator[tuple[float, int, Place]]:
    """The weight of the shared words; of equals the one that was found first."""
    for rank, (place, bag) in enumerate(bags.items()):
        shared = weights.keys() & bag
        if len(shared) >= min(FEWEST, len(weights)) and shared:
            yield sum(weights[word] for word in shared), -rank, place
