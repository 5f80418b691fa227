"""Copies of files that a bucket keeps, and those that nobody reads any more."""

from __future__ import annotations

import os
import tempfile
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chat.retrieval.indexing import local_copies
from chat.retrieval.indexing.local_copies import PREFIX, local_copy

LONG_AGO = (0, 0)


class StoredElsewhere(SimpleNamespace):
    """The content of a file whose storage has no paths."""

    @property
    def path(self) -> str:
        raise NotImplementedError

    def open(self, mode: str) -> BytesIO:
        return BytesIO(b"far away")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


class TestACopy:
    def test_is_removed_if_it_was_left_behind(self, folder: Path) -> None:
        left, other = folder / f"{PREFIX}left", folder / "everthread-other"
        for path in (left, other):
            path.write_text("left")
            os.utime(path, LONG_AGO)
        local_copies.sweep()
        assert list(folder.iterdir()) == [other]

    def test_stays_while_it_is_read(self, folder: Path) -> None:
        file: Any = SimpleNamespace(content=StoredElsewhere())
        with local_copy(file) as path:
            os.utime(path, LONG_AGO)
            local_copies.sweep()
            assert path.read_bytes() == b"far away"
        assert not list(folder.iterdir())

    def test_stays_if_it_was_made_this_moment(self, folder: Path) -> None:
        new = folder / f"{PREFIX}new"
        new.touch()
        local_copies.sweep()
        assert new.exists()
