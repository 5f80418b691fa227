"""Texts for an embedding model of a server: how long they may be, and how many it is sent at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chat.documents import tokens

TEXT_TOKENS = 8000
"""Of one text: OpenAI's models read 8192, and other models count a little differently."""

BATCH_TEXTS, BATCH_TOKENS = 32, 16_000
"""In one request: what Hugging Face's and Mistral's servers take. OpenAI takes 2048 texts of 300,000 tokens in all."""

_SPACE = re.compile(r"\s+")


def ranges(text: str) -> Iterator[tuple[int, int]]:
    """``text`` without the space around it, in as many parts as it takes for each to be short enough."""
    yield from _ranges(text, len(text) - len(text.lstrip()), len(text.rstrip()))


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """``texts`` in order, cut off where they are too long, as many at a time as can be sent."""
    batch: list[str] = []
    size = 0
    for text in map(_beginning, texts):
        count = tokens.count_tokens(text)
        if batch and (len(batch) == BATCH_TEXTS or size + count > BATCH_TOKENS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += count
    if batch:
        yield batch


def _beginning(text: str) -> str:
    start, end = next(ranges(text), (0, len(text)))
    return text[start:end]


def _ranges(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Halves, cut at the space nearest to the middle, until all are short enough."""
    if start >= end:
        return
    if tokens.count_tokens(text[start:end]) <= TEXT_TOKENS:
        yield start, end
        return
    middle, quarter = (start + end) // 2, (end - start) // 4
    spaces = _SPACE.finditer(text, start + quarter, end - quarter)
    space = min(spaces, key=lambda found: abs(found.start() - middle), default=None)
    before, after = space.span() if space else (middle, middle)
    yield from _ranges(text, start, before)
    yield from _ranges(text, after, end)
