"""BERT's uncased WordPiece tokenizer: text becomes the numbers of word pieces in ``vocab.txt``.

Equal to the model's published tokenizer, which lower-cases, takes accents off, lets each punctuation mark and each CJK
ideograph stand alone, and then takes the longest piece of the vocabulary again and again.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain, islice
from typing import NamedTuple

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
