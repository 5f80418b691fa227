"""``manage.py work``: work on runs, read files and sweep, without serving pages."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from chat import data_folder
from chat.management.set_up import check_secret, limit_malloc_arenas, prepare_model
from chat.management.workers import QUEUES, Workers
from chat.models.providers import default_providers
from chat.sandbox.broker.broker import raise_descriptor_limit

log = logging.getLogger(__name__)
LOOK = 5.0  # seconds between two times that the ready file is touched


class Command(BaseCommand):
    help = "Work on runs, read files and sweep for servers that share this database, without serving pages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queues", default=",".join(QUEUES), help=f"what to work on: {', '.join(QUEUES)}")
        parser.add_argument(
            "--ready-file", type=Path, help="touched every 5 seconds while all workers get at their rows"
        )

    def handle(self, *, queues: str, ready_file: Path | None, **options: Any) -> None:
        names = queues.split(",")
        if unknown := [name for name in names if name not in QUEUES]:
            raise CommandError(f"There is no queue {unknown[0]!r}. Choose of {', '.join(QUEUES)}.")
        limit_malloc_arenas()
        raise_descriptor_limit()
        data_folder.make_private()
        check_migrated()
        check_secret(renew=False)
        if provider := default_providers.first():
            prepare_model(provider, self.stdout, self.stderr)
        connections.close_all()
        asyncio.run(work(Workers(names), ready_file))


def check_migrated() -> None:
    """Raise ``CommandError`` unless the tables are those of this version, which ``manage.py serve`` sees to."""
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise CommandError(f"The database does not answer: {error}") from None
    if plan:
        raise CommandError(
            "The database is not that of this version. Start `manage.py serve` or run `manage.py migrate`."
        )


async def work(workers: Workers, ready_file: Path | None) -> None:
    """Run ``workers`` until SIGTERM or SIGINT."""
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    gc.collect()
    gc.freeze()  # as the server does
    workers.start(loop)
    try:
        await _report(workers, ready_file, stopped)
    finally:
        if ready_file:
            await asyncio.to_thread(ready_file.unlink, missing_ok=True)
        await workers.stop()


async def _report(workers: Workers, ready_file: Path | None, stopped: asyncio.Event) -> None:
    """Log once that the workers are ready, and touch ``ready_file`` while they are."""
    is_ready = False
    while not stopped.is_set():
        if workers.are_running():
            if not is_ready:
                log.info("ready: working on %s", ", ".join(workers.queues))
                is_ready = True
            if ready_file:
                await asyncio.to_thread(ready_file.touch)
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK if is_ready else 0.1):
                await stopped.wait()
