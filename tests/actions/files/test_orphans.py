"""Stored bytes without a row."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from chat.actions.files import files, orphans, uploads
from chat.models import File, User
from chat.models.files import keep

pytestmark = pytest.mark.django_db


def grow_old(folder: Path) -> None:
    long_ago = time.time() - 2 * orphans.AGE.total_seconds()
    for path in folder.rglob("*"):
        os.utime(path, (long_ago, long_ago))


@pytest.fixture
def stored(media: Path, ada: User) -> set[Path]:
    """A file, and a part of an upload."""
    files.create(ada, upload=SimpleUploadedFile("a.txt", b"Hello"))
    upload = uploads.create(ada, filename="b.txt", bytes=5, purpose="assistants", mime_type="text/plain")
    uploads.add_part(ada, upload.id, data=SimpleUploadedFile("b", b"Hello"))
    return set(all_files(media))


def all_files(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


def test_are_deleted_when_they_are_old(media: Path, stored: set[Path], ada: User) -> None:
    keep(File(owner=ada, filename="c.txt", bytes=5), ContentFile(b"Hello"))
    (next(iter((media / "uploads").iterdir())) / "part_1").write_bytes(b"Hello")
    orphans.sweep_orphans()
    assert len(all_files(media)) == len(stored) + 2  # an upload may just be writing them
    grow_old(media)
    orphans.sweep_orphans()
    assert set(all_files(media)) == stored


def test_need_not_exist(media: Path) -> None:
    orphans.sweep_orphans()
