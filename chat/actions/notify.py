"""Telling after the commit: what an action changed, to the followers, to the workers and to those who read files."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from chat.engine.worker import Worker
from chat.events.bus import bus
from chat.events.types import THREAD_CHANGED, Event
from chat.retrieval.indexing.worker import IndexingWorker


def tell(thread_id: str, events: Sequence[Event]) -> None:
    """Publish ``events`` and wake the workers once the transaction is committed."""

    def publish() -> None:
        bus.publish(thread_id, events)
        Worker.wake_all()

    transaction.on_commit(publish)


def thread_changed(thread_id: str) -> None:
    """Something about the thread changed that is no event of a run: a title, a queued message."""
    tell(thread_id, [Event("", 0, THREAD_CHANGED, {})])


def entries_waiting() -> None:
    """Files are to be read: wake whoever reads them once the transaction is committed."""
    transaction.on_commit(IndexingWorker.wake_all)
