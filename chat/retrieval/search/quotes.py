"""Which part of a passage to show: the window that is nearest to the question and has its words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chat.models import Passage
from chat.retrieval.keywords.terms import Term, plain
from chat.retrieval.search.scores import Weights


def quote(
    passage: Passage, asked: Sequence[Term], *, places: NDArray[np.int64], near: NDArray[np.float32], weights: Weights
) -> tuple[int, int]:
    """The range of the document's characters; all of the passage if it has no windows.

    ``asked`` are the terms of the question, ``places`` the ranges of the passage's windows and ``near`` their nearness
    to the question.
    """
    best, most = (passage.char_from, passage.char_to), -1.0
    for (start, end), nearness in zip(_within(passage, places), near.tolist(), strict=True):
        text = plain(passage.text[start - passage.char_from : end - passage.char_from])
        value = weights.text * _share(asked, text) + weights.embedding * nearness
        if start < end and value > most:
            best, most = (start, end), value
    return best


def _within(passage: Passage, places: NDArray[np.int64]) -> list[tuple[int, int]]:
    """A passage has no space around it, which its windows may have."""
    return [(max(start, passage.char_from), min(end, passage.char_to)) for start, end in places.tolist()]


def _share(asked: Sequence[Term], text: str) -> float:
    """Of the terms that are asked for, how many ``text`` has, if only inside of other words; 0..1."""
    return sum(all(word in text for word in term) for term in asked) / len(asked) if asked else 0.0
