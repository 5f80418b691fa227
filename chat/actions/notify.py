"""Messages to followers and workers, here and elsewhere, sent once the transaction of an action is committed."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from chat.engine.worker import Worker
from chat.events.bus import bus
from chat.events.types import THREAD_CHANGED, Event
from chat.retrieval.indexing.worker import IndexingWorker

RUNS, INDEXING = "runs", "indexing"  # signals to the workers of other processes


def after_commit(thread_id: str, events: Sequence[Event]) -> None:
    """Publish ``events`` of the thread and wake the workers."""

    def publish() -> None:
        bus.publish(thread_id, events)
        Worker.wake_all()
        bus.outlet.signal(RUNS)

    transaction.on_commit(publish)


def thread_changed(thread_id: str) -> None:
    """Publish that something changed which is no event of a run, as a title or a queued message."""
    after_commit(thread_id, [Event("", 0, THREAD_CHANGED, {})])


def wake_indexing() -> None:
    """Wake the workers that index files."""

    def wake() -> None:
        IndexingWorker.wake_all()
        bus.outlet.signal(INDEXING)

    transaction.on_commit(wake)
