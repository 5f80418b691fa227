"""The frames between the child and its parent: a text's pieces one way, its vector the other."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import BinaryIO

DIMENSIONS = 384
VECTOR_BYTES = 4 * DIMENSIONS
"""A vector is float32, little-endian; there is nothing before or after it."""

_COUNT = struct.Struct("<I")


def encode_pieces(pieces: Sequence[int]) -> bytes:
    """Return the count and then each of at most 256 pieces, as four bytes each, little-endian."""
    # At most 256, so that a pipe takes the frame at once.
    return _COUNT.pack(len(pieces)) + struct.pack(f"<{len(pieces)}I", *pieces)


def read_pieces(stream: BinaryIO) -> tuple[int, ...] | None:
    """Return the next pieces; None at the end."""
    head = stream.read(_COUNT.size)
    if len(head) < _COUNT.size:
        return None
    (count,) = _COUNT.unpack(head)
    body = stream.read(4 * count)
    return struct.unpack(f"<{count}I", body) if len(body) == 4 * count else None
