"""A file that waits to be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.models import User, VectorStoreFile
from tests.retrieval.reading import SMALL, file_with, only, store_of, text


@pytest.fixture
def entry(ada: User, media: Path) -> VectorStoreFile:
    """A text of some ten passages."""
    return only(store_of(ada, file_with(ada, "notes.txt", text(200)), strategy=SMALL))
