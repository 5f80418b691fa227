"""Tells descriptions of pictures from the names of their files, which programs put in their place."""

from __future__ import annotations

import re

_FILE_NAME = re.compile(r"\S+\.(png|jpe?g|gif|bmp|tiff?|svg|webp|[ew]mf)", re.IGNORECASE)


def is_file_name(words: str) -> bool:
    """Return whether ``words`` are the name of a picture's file."""
    return _FILE_NAME.fullmatch(words) is not None
