"""Cuts a text into ranges that the model can read whole: it reads 256 pieces, and the rest would not be found."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate, pairwise
from math import ceil

from chat.documents.passages import split_sentences
from chat.providers.embedded.minilm.wordpiece import Word, words

MOST_PIECES = 254
"""Besides the two that frame every text."""

_SWAY = 0.25
"""How far from an even share a window may end, as a part of it, to end with a sentence."""

_INSIDE = -1  # the grade of a place between two words without a space


def windows(text: str) -> list[tuple[int, int]]:
    """Return ranges of characters as ``chat.providers.base.Embedder`` does: as few as possible, of about one length.

    Each has at most ``MOST_PIECES``. They end with a paragraph, sentence or line if one ends near, else between words,
    within a word only if it is longer than a window.
    """
    all_words = list(words(text))
    places = _Places(text, all_words)
    starts = [0]
    while starts[-1] < len(all_words):
        starts.append(places.end(starts[-1]))
    return [(all_words[first].start, all_words[after - 1].end) for first, after in pairwise(starts)]


class _Places:
    """The places where a text may be cut. A place is the number of words before it."""

    def __init__(self, text: str, all_words: list[Word]) -> None:
        self._words = all_words
        self._pieces = [0, *accumulate(word.pieces for word in all_words)]
        parts = list(split_sentences(text))
        self._ends = list(accumulate(len(part) for part, _grade in parts))
        self._grades = [grade for _part, grade in parts]

    def end(self, first: int) -> int:
        """Return the best place to end the window that begins with the word ``first``."""
        before = self._pieces[first]
        remaining = self._pieces[-1] - before
        count = ceil(remaining / MOST_PIECES)
        if count == 1:
            return len(self._words)
        even = remaining / count
        least = max((1 - _SWAY) * even, remaining - (count - 1) * MOST_PIECES)
        most = min((1 + _SWAY) * even, MOST_PIECES)
        last = bisect_right(self._pieces, before + most) - 1
        earliest = min(bisect_left(self._pieces, before + least), last)
        return max(
            range(max(earliest, first + 1), max(last, first + 1) + 1),
            key=lambda place: (self._grade(place), -abs(self._pieces[place] - before - even)),
        )

    def _grade(self, place: int) -> int:
        """Return the grade of a cut: 0 between words, ``_INSIDE`` within one, else the grade of the sentence's end."""
        end, start = self._words[place - 1].end, self._words[place].start
        nearest = bisect_right(self._ends, start) - 1
        if nearest >= 0 and self._ends[nearest] >= end:
            return self._grades[nearest]
        return _INSIDE if start == end else 0
