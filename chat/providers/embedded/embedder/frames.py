"""The frames between the child and its parent: a text and its pieces one way, its two vectors the other."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

ENGLISH, MULTILINGUAL = 384, 512
"""The numbers of the two vectors, which are float32, little-endian; there is nothing before, between or after them."""

ANSWER_BYTES = 4 * (ENGLISH + MULTILINGUAL)
MOST_CHARACTERS = 4000
"""Of the text, so that a pipe takes the frame at once: 16,000 bytes, and at most 256 pieces of four."""

_HEAD = struct.Struct("<II")


class EmbeddingInput(NamedTuple):
    """A text, and what the English model reads of it: at most 256 pieces."""

    pieces: Sequence[int]
    text: str


def encode(asked: EmbeddingInput) -> bytes:
    """Return the counts of pieces and of bytes, then each piece as four bytes, little-endian, then the text."""
    text = asked.text[:MOST_CHARACTERS].encode(errors="replace")
    return _HEAD.pack(len(asked.pieces), len(text)) + struct.pack(f"<{len(asked.pieces)}I", *asked.pieces) + text


def read(stream: BinaryIO) -> EmbeddingInput | None:
    """Return the next text; None at the end."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    count, length = _HEAD.unpack(head)
    body = stream.read(4 * count + length)
    if len(body) < 4 * count + length:
        return None
    return EmbeddingInput(struct.unpack_from(f"<{count}I", body), body[4 * count :].decode())
