"""What the scripted provider answers when passages were found: the beginning of each, cited as a model would."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chat.providers.base import Turn

MOST = 3  # passages
LENGTH = 80  # characters of each
_PASSAGE = re.compile(r'<passage source="([^"]*)"[^>]*>\n(.*?)\n</passage>', re.DOTALL)


def answer(turns: Sequence[Turn]) -> list[str]:
    """Pieces of text in which markers are broken at odd places; empty unless the turns end with passages."""
    if not turns or turns[-1].role != "tool":
        return []
    pieces: list[str] = []
    for source, text in _PASSAGE.findall(turns[-1].text)[:MOST]:
        beginning = " ".join(text.split())[:LENGTH]
        pieces += [*re.findall(r"\s*\S+", beginning), source[:1], source[1:4], source[4:], ". "]
    return pieces
