"""Messages to followers and workers, here and elsewhere, sent once the transaction of an action is committed."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

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


def wake_indexing(*, attached: bool = False) -> None:
    """Wake the workers that index files: on PostgreSQL one of all processes, by a job. ``attached``: to a chat."""

    def wake() -> None:
        if connection.vendor == "postgresql":
            from chat.background import jobs  # only there: Procrastinate's tables are PostgreSQL's

            jobs.call_for_indexing(attached=attached)
        else:
            IndexingWorker.wake_all()
            bus.outlet.signal(INDEXING)

    transaction.on_commit(wake, robust=True)  # the rows are there, and are looked at soon, if a wake-up fails
