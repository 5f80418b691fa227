"""Claims on entries: one worker works on an entry at a time. A cancel, a re-index or a delete in between wins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from chat.models import VectorStoreFile

READING = Q(status=VectorStoreFile.Status.IN_PROGRESS)
NEEDING_VECTORS = Q(needs_vectors=True)


def waiting() -> tuple[QuerySet[VectorStoreFile], QuerySet[VectorStoreFile]]:
    """Return the entries that are worked on or are to be: those to be read, those to be given other vectors."""
    # Apart, as each has an index; for both together SQLite would look at all entries.
    return VectorStoreFile.objects.filter(READING), VectorStoreFile.objects.filter(NEEDING_VECTORS)


class ClaimLost(Exception):
    """The entry was cancelled, deleted, handed back, or is to be read again."""


@dataclass(frozen=True)
class Claim:
    """A worker's claim on one attempt at an entry. ``given_up`` tells the thread that works on it to stop."""

    pk: int
    attempt: int
    worker: str
    given_up: threading.Event = field(default_factory=threading.Event, compare=False)

    def rows(self) -> QuerySet[VectorStoreFile]:
        """Return the row of the entry; none when the claim is lost."""
        return VectorStoreFile.objects.filter(
            READING | NEEDING_VECTORS, pk=self.pk, attempt=self.attempt, worker=self.worker
        )

    def entry(self) -> VectorStoreFile:
        """Return the entry with its file and store as they are now. Raise ``ClaimLost``."""
        row = self.rows().select_related("file", "store__embedding_provider").first()
        if row is None:
            raise ClaimLost
        return row

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Open a transaction during which the claim cannot be lost. Raise ``ClaimLost``; then nothing is written."""
        self.check()
        with transaction.atomic():
            # Without the key's lock: the rows that are inserted for it take that one.
            if self.rows().select_for_update(no_key=True).first() is None:
                raise ClaimLost
            yield

    def write(self, **fields: Any) -> None:
        """Change columns of the entry. Raise ``ClaimLost``."""
        self.check()
        if not self.rows().update(**fields):
            raise ClaimLost

    def check(self) -> None:
        """Raise ``ClaimLost`` if the work was given up. Only the row tells for certain."""
        if self.given_up.is_set():
            raise ClaimLost

    def pause(self, seconds: float) -> None:
        """Wait. Raise ``ClaimLost`` as soon as the work is given up."""
        if self.given_up.wait(seconds):
            raise ClaimLost


def claim(pk: int, *, attempt: int, worker: str) -> Claim | None:
    """Claim an entry. Return None when another worker was faster or its attempt is over."""
    free = VectorStoreFile.objects.filter(READING | NEEDING_VECTORS, pk=pk, attempt=attempt, worker="")
    won = free.update(worker=worker, heartbeat_at=timezone.now())
    return Claim(pk, attempt, worker) if won else None
