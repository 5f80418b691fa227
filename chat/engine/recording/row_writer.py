"""The one place that writes while runs are live: a single thread, so that commits keep their order and SQLite's one
writer is never fought over; partial texts of all runs go in one transaction at most every 250 ms.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction

from chat.background.database_threads import DatabaseThreads
from chat.events.bus import bus
from chat.models import Message, Run
from chat.models.resource_uses import add_uses, files_in

log = logging.getLogger(__name__)
T = TypeVar("T")
WRITE_INTERVAL = 0.25  # seconds between writes of partial text
TRIES = 4  # of a commit that the database refuses for a moment
WAIT = 0.5  # seconds before the second try; doubles


@dataclass(frozen=True, slots=True)
class PartialMessage:
    """The content of a message that ``worker`` is writing, up to event ``seq`` of its run."""

    message: Message
    run: Run
    content: list[dict[str, Any]]
    seq: int
    worker: str


class RowWriter:
    """``commit`` what must be on disk before it is told; ``note`` what may follow within 250 ms."""

    def __init__(self) -> None:
        self.thread = DatabaseThreads("journal")
        self.dirty: dict[int, Callable[[], PartialMessage]] = {}
        self.flusher: asyncio.Task[None] | None = None

    async def commit(self, write: Callable[[], T]) -> T:
        """Run ``write`` in a transaction in the writer's thread and return what it returns.

        A database that is locked or away for a moment is tried again; then ``OperationalError`` is raised.
        """
        return await self.thread.call(_commit_with_retries, write)

    async def read(self, look: Callable[[], T]) -> T:
        """Run ``look`` in the writer's thread, outside a transaction: it sees all that was committed before."""
        return await self.thread.call(look)

    def note(self, message: Message, latest: Callable[[], PartialMessage]) -> None:
        """Have what ``latest()`` then knows of ``message`` written soon."""
        self.dirty[message.pk] = latest
        if self.flusher is None or self.flusher.done():
            self.flusher = asyncio.create_task(self._flush_until_clean())

    def forget(self, message: Message) -> None:
        """The whole text is about to be committed: do not write an older one after it."""
        self.dirty.pop(message.pk, None)

    async def _flush_until_clean(self) -> None:
        while True:
            await asyncio.sleep(WRITE_INTERVAL)
            if not self.dirty:
                return
            try:
                await self._flush()
            except OperationalError:
                log.exception("partial answers could not be written; the next write has them")

    async def _flush(self) -> None:
        partials = [latest() for latest in list(self.dirty.values())]  # a commit may forget one meanwhile
        self.dirty = {}
        await self.commit(lambda: write_partials(partials))
        bus.outlet.rows_changed({partial.run.thread_id for partial in partials})

    async def close(self) -> None:
        """Write what is left and end the thread."""
        if self.dirty:
            await self._flush()
        await self.thread.close()


def write_partials(partials: list[PartialMessage]) -> None:
    """Text and ``seq`` of live messages, in two statements. Messages and runs that ended meanwhile are left alone."""
    content = Message._meta.get_field("content")
    texts = [(content.get_db_prep_save(partial.content, connection), partial.message.pk) for partial in partials]
    seqs = [(partial.seq, partial.run.pk, partial.seq, partial.worker) for partial in partials]
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE chat_message SET content = %s WHERE number = %s AND status = 'in_progress'", texts)
        cursor.executemany("UPDATE chat_run SET seq = %s WHERE number = %s AND seq < %s AND worker = %s", seqs)
    _add_uses(partials)


def _add_uses(partials: list[PartialMessage]) -> None:
    """Keep which files the partial answers name, as far as these were written: the others may be deleted."""
    contents = {partial.message.pk: partial.content for partial in partials}
    naming = [pk for pk, content in contents.items() if any(files_in(content))]
    if naming:  # seldom: most texts cite nothing, and cost no query
        add_uses(*Message.objects.filter(pk__in=naming, status=Message.Status.IN_PROGRESS))


def _commit_with_retries(write: Callable[[], T]) -> T:
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                return write()
        except OperationalError:
            if attempt == TRIES:
                raise
            log.warning("the database did not take a write; trying again (%d of %d)", attempt, TRIES, exc_info=True)
            if not connection.in_atomic_block:
                connection.close()
            time.sleep(WAIT * 2 ** (attempt - 1))
    raise AssertionError("unreachable")


async def finish_despite_cancel(work: Coroutine[Any, Any, T]) -> T:
    """Await ``work`` to its end even when the awaiting task is cancelled in between: a commit is never left untold."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
