"""Words of texts and of questions, so that both are cut alike whatever the database does with them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chat.documents.words import STOP_WORDS

Term = tuple[str, ...]

MOST_TERMS = 64
"""Different ones of a question that are looked at: the rest of a text that somebody pasted says little that is new."""

_MOST_CHARACTERS = 10_000

_SINGLE = (
    "\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Chinese, Japanese and Korean characters: there are no spaces between words, or particles are glued to them."""

_SATURATION = 1.2  # BM25's k1
MOST_SHARE = 1 + _SATURATION
_ACCENTS = re.compile("[\u0300-\u036f]")
_WORD = re.compile(f"(?P<single>[{_SINGLE}])|[^\\W_{_SINGLE}]+")


def words(text: str) -> Iterator[str]:
    """The words of ``text`` in order, lower case; each Chinese, Japanese or Korean character is one."""
    return (match[0] for match in _WORD.finditer(plain(text)))


def terms(question: str) -> list[Term]:
    """What to look for: each term is one word, or several that must follow each other. No stop words, no term twice.

    >>> terms("Where is max_tokens of 東京都?")
    [('max', 'tokens'), ('東', '京'), ('京', '都')]
    """
    found: dict[Term, None] = {}
    for term in _groups(plain(question[:_MOST_CHARACTERS])):
        if term[0] not in STOP_WORDS or len(term) > 1:
            found[term] = None
        if len(found) == MOST_TERMS:
            break
    return list(found)


def shares(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a term that is so many ``times`` in a passage adds to its BM25 before rarity weighs it: 0..2.2. Passages
    are of about the same length, so it does not count here.
    """
    return times * MOST_SHARE / (times + _SATURATION)


def _groups(text: str) -> Iterator[Term]:
    """Runs of single characters as overlapping pairs; other words alone unless joined by underscores or marks."""
    held: list[str] = []
    end, was_single = 0, False
    for match in _WORD.finditer(text):
        is_single = match["single"] is not None
        if held and (is_single is not was_single or not _joins(text[end : match.start()], is_single)):
            yield from _terms_of(held, was_single)
            held = []
        held.append(match[0])
        end, was_single = match.end(), is_single
    if held:
        yield from _terms_of(held, was_single)


def _joins(gap: str, is_single: bool) -> bool:
    """Marks are the vowels of Indic scripts, at which the databases part words."""
    if is_single or not gap:
        return not gap
    return all(character == "_" or unicodedata.category(character)[0] == "M" for character in gap)


def _terms_of(run: list[str], is_single: bool) -> Iterator[Term]:
    if not is_single or len(run) == 1:
        yield tuple(run)
    else:
        yield from pairwise(run)


def plain(text: str) -> str:
    """Lower case without accents; ligatures and wide letters become the usual ones."""
    if text.isascii():
        return text.lower()
    apart = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", apart).casefold()
