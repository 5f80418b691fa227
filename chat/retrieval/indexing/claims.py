"""Who works on an entry, and that nobody else writes to it: a cancel, a re-index or a delete in between wins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from chat.models import VectorStoreFile

WAITING = VectorStoreFile.Status.IN_PROGRESS


class Lost(Exception):
    """The entry is ours no more: it was cancelled, deleted, handed back, or is to be read anew."""


@dataclass(frozen=True)
class Hold:
    """A worker's claim on one attempt at an entry. ``given_up`` tells the thread that works on it to leave."""

    pk: int
    attempt: int
    worker: str
    given_up: threading.Event = field(default_factory=threading.Event, compare=False)

    def rows(self) -> QuerySet[VectorStoreFile]:
        """The entry, as long as it is ours."""
        return VectorStoreFile.objects.filter(pk=self.pk, attempt=self.attempt, worker=self.worker, status=WAITING)

    def entry(self) -> VectorStoreFile:
        """The entry with its file and store as they are now. Raises ``Lost``."""
        row = self.rows().select_related("file", "store__embedding_provider").first()
        if row is None:
            raise Lost
        return row

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction during which the entry stays ours. Raises ``Lost``; then nothing is written."""
        self.check()
        with transaction.atomic():
            # Without the key's lock: the rows that are inserted for it take that one.
            if self.rows().select_for_update(no_key=True).first() is None:
                raise Lost
            yield

    def write(self, **fields: Any) -> None:
        """Change columns of the entry. Raises ``Lost``."""
        self.check()
        if not self.rows().update(**fields):
            raise Lost

    def check(self) -> None:
        """Raises ``Lost`` if the work was given up. A look at the row is what tells for certain."""
        if self.given_up.is_set():
            raise Lost

    def pause(self, seconds: float) -> None:
        """Raises ``Lost`` as soon as the work is given up."""
        if self.given_up.wait(seconds):
            raise Lost


def claim(pk: int, *, attempt: int, worker: str) -> Hold | None:
    """Take an entry that nobody works on. None when another worker was faster or its attempt is over."""
    free = VectorStoreFile.objects.filter(pk=pk, attempt=attempt, worker="", status=WAITING)
    won = free.update(worker=worker, heartbeat_at=timezone.now())
    return Hold(pk, attempt, worker) if won else None
