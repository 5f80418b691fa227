"""Stored bytes that no row names: a server was killed between writing them and saving their row."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import Model, QuerySet
from django.utils import timezone

from chat.models import File, UploadPart

log = logging.getLogger(__name__)
AGE = timedelta(hours=1)  # of bytes that no upload is still writing
# Folder → the rows that name what is in its folders.
OWNERS: dict[str, type[Model]] = {"files": File, "uploads": UploadPart}


def sweep_orphans() -> None:
    """Delete them once they are older than ``AGE``."""
    written_before = timezone.now() - AGE
    for root, model in OWNERS.items():
        for names in _names_by_folder(root):
            rows: QuerySet[Any] = model._default_manager.all()
            known = set(rows.filter(content__in=names).values_list("content", flat=True))
            for name in names - known:
                with suppress(FileNotFoundError):
                    if default_storage.get_modified_time(name) < written_before:
                        log.info("deleting %s, which no row names", name)
                        default_storage.delete(name)


def _names_by_folder(root: str) -> Iterator[set[str]]:
    """Yield the names in storage of each folder's files."""
    with suppress(FileNotFoundError):
        for folder in default_storage.listdir(root)[0]:
            yield {f"{root}/{folder}/{name}" for name in default_storage.listdir(f"{root}/{folder}")[1]}
