"""BERT's uncased WordPiece tokenizer: text becomes the numbers of word pieces in ``vocab.txt``.

Equal to the model's published tokenizer, which lower-cases, takes accents off, lets each punctuation mark and each CJK
ideograph stand alone, and then takes the longest piece of the vocabulary again and again.
"""

from __future__ import annotations

import re
import string
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from itertools import accumulate, chain, islice, pairwise
from math import ceil
from typing import NamedTuple

from chat.documents.passages import split_sentences

UNKNOWN, FIRST, LAST = 100, 101, 102  # the places of [UNK], [CLS] and [SEP] in the vocabulary
UNKNOWN_CHARACTERS = 4
"""Of a word that the vocabulary cannot spell, which is one piece however long, so many count as a piece in ``words``:
windows with foreign words in them would else grow without end."""

_LONGEST_WORD = 100  # characters; the model has never seen a longer one
_LONGEST_PART = 250 * UNKNOWN_CHARACTERS
_CJK = (
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F)),
    *((0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0x2F800, 0x2FA1F)),
)
_LEFT_OUT = ("Cc", "Cf", "Co", "Cs")
"""Categories of characters that are left out. Which are unassigned changes with Python's version, so they stay."""

_WORDS = re.compile(rf"(?:w-*){{1,{_LONGEST_PART}}}|a-*")  # in a text's kinds


class Word(NamedTuple):
    """A word, punctuation mark or ideograph: ``text[start:end]``, of ``pieces`` word pieces."""

    start: int
    end: int
    pieces: int


def encode(text: str, *, most: int) -> list[int]:
    """Return the model's input: ``FIRST``, the first ``most`` pieces of ``text``, ``LAST``."""
    pieces = chain.from_iterable(map(_pieces, text.translate(_NORMALIZED).split()))
    return [FIRST, *islice(pieces, most), LAST]


def words(text: str) -> Iterator[Word]:
    """Yield the words of ``text`` in order, in parts those longer than a window."""
    for match in _WORDS.finditer(text.translate(_KINDS)):
        start, end = match.span()
        pieces = _pieces(text[start:end].translate(_NORMALIZED).strip())
        is_unknown = pieces == (UNKNOWN,)
        yield Word(start, end, -((start - end) // UNKNOWN_CHARACTERS) if is_unknown else len(pieces))


@lru_cache(maxsize=1 << 15)
def _pieces(word: str) -> tuple[int, ...]:
    """Return the pieces of ``word``, which is normalised."""
    if len(word) > _LONGEST_WORD:
        return (UNKNOWN,)
    vocabulary, longest = _vocabulary()
    pieces: list[int] = []
    start, prefix = 0, ""
    while start < len(word):
        for end in range(min(len(word), start + longest), start, -1):
            if (piece := vocabulary.get(prefix + word[start:end])) is not None:
                break
        else:
            return (UNKNOWN,)
        pieces.append(piece)
        start, prefix = end, "##"
    return tuple(pieces)


@cache
def _vocabulary() -> tuple[dict[str, int], int]:
    """Return the pieces with their numbers, and the length of the longest."""
    lines = files(__package__).joinpath("vocab.txt").read_text(encoding="utf-8").splitlines()
    return {piece: number for number, piece in enumerate(lines)}, max(map(len, lines))


class _Table(dict[int, str]):
    """A table for ``str.translate``, which calls ``make`` for a character when it is first met."""

    def __init__(self, make: Callable[[str], str]) -> None:
        self._make = make

    def __missing__(self, code: int) -> str:
        replacement = self[code] = self._make(chr(code))
        return replacement


def _kind(char: str) -> str:
    """Return ``w`` for a character within words, ``a`` for one alone, a space between words, ``-`` for one left out."""
    category = unicodedata.category(char)
    if char in "\t\n\r" or (char.isspace() and category != "Cc"):
        return " "
    bare = _bare(char)
    if category in _LEFT_OUT or char == "\ufffd" or not bare:
        return "-"
    is_mark = bare in string.punctuation or unicodedata.category(bare[0]).startswith("P")
    return "a" if is_mark or any(first <= ord(char) <= last for first, last in _CJK) else "w"


def _normalize(char: str) -> str:
    """Return ``char`` as the vocabulary writes it."""
    return {"w": "{}", "a": " {} ", " ": " ", "-": ""}[_kind(char)].format(_bare(char))


def _bare(char: str) -> str:
    """Return ``char`` in lower case without accents."""
    return "".join(part for part in unicodedata.normalize("NFD", char) if unicodedata.category(part) != "Mn").lower()


_KINDS, _NORMALIZED = _Table(_kind), _Table(_normalize)


# --- ranges that the model can read whole -----------------------------------------------------------------------

MOST_PIECES = 254
"""Of a text that the model reads, besides the two that frame it; the rest would not be found."""

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
