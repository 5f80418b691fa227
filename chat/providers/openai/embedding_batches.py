"""Cuts texts for a server's embedding model into windows, and gathers them into requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chat.documents.passages import count_tokens

TEXT_TOKENS = 8000
"""The longest text: OpenAI's models read 8192 tokens, and other models count a little differently."""

BATCH_TEXTS, BATCH_TOKENS = 32, 16_000
"""The most in one request: what Hugging Face's and Mistral's servers take. OpenAI takes 2048 texts, 300,000 tokens."""

_SPACE = re.compile(r"\s+")


def split_ranges(text: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of as many parts as it takes for each to be short enough, without the space around ``text``."""
    yield from _ranges(text, len(text) - len(text.lstrip()), len(text.rstrip()))


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield ``texts`` in order, cut off where they are too long, as many at a time as a server takes."""
    batch: list[str] = []
    size = 0
    for text in map(_beginning, texts):
        count = count_tokens(text)
        if batch and (len(batch) == BATCH_TEXTS or size + count > BATCH_TOKENS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += count
    if batch:
        yield batch


def _beginning(text: str) -> str:
    start, end = next(split_ranges(text), (0, len(text)))
    return text[start:end]


def _ranges(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield halves, cut at the space nearest to the middle, until all are short enough."""
    if start >= end:
        return
    if count_tokens(text[start:end]) <= TEXT_TOKENS:
        yield start, end
        return
    middle, quarter = (start + end) // 2, (end - start) // 4
    spaces = _SPACE.finditer(text, start + quarter, end - quarter)
    space = min(spaces, key=lambda match: abs(match.start() - middle), default=None)
    before, after = space.span() if space else (middle, middle)
    yield from _ranges(text, start, before)
    yield from _ranges(text, after, end)
