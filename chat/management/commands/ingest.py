"""``manage.py ingest PATH… --store NAME``: files and folders become knowledge that assistants search."""

from __future__ import annotations

import asyncio
import logging
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chat.actions.knowledge import vector_stores
from chat.management.ingest_job import IngestJob
from chat.management.readable_files import split_readable
from chat.management.users import find_user
from chat.models import User, VectorStore
from chat.retrieval.indexing.worker import folder

MAX_NAME = 256  # characters
INTERRUPTED = 130  # as shells have it


class Command(BaseCommand):
    help = (
        "Put files, and all that can be read in folders, into a vector store and wait until they can be found. Run it"
        " again after an interruption: what is in the store already is not read twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", type=Path, help="a file or folder")
        parser.add_argument("--store", required=True, help="its name or id; a new one is made if there is none yet")
        parser.add_argument("--owner", default="", help="whose store it is; default: the first administrator")

    def handle(self, *, paths: list[Path], store: str, owner: str, **options: Any) -> None:
        logging.getLogger("chat").setLevel(logging.CRITICAL)  # failures are listed at the end
        for path in paths:
            if not path.exists():
                raise CommandError(f"There is no file or folder {str(path)!r}.")
        readable, others = split_readable(paths)
        for path in others:
            self.stderr.write(f"Left out, since such files are not read: {path}", self.style.NOTICE)
        if not readable:
            raise CommandError("There is nothing here that can be read.")
        self.ingest(find_store(find_user(owner), store), readable)

    def ingest(self, store: VectorStore, paths: Sequence[Path]) -> None:
        job = IngestJob(store, paths, folder=folder(settings.EVERTHREAD_DATA_DIR))
        try:
            asyncio.run(job.run())
        except KeyboardInterrupt:
            self.stderr.write("Interrupted. The same command goes on where this one stopped.")
            raise SystemExit(INTERRUPTED) from None
        failed = job.failures
        parts = [f"{len(paths) - len(failed) - job.known_files} files read"]
        parts += [f"{job.known_files} were there already"] * bool(job.known_files)
        parts += [f"{len(failed)} failed"] * bool(failed)
        self.stdout.write(f"{store} ({store.id}): {', '.join(parts)}.")
        for path, reason in failed.items():
            self.stderr.write(f"{path}: {reason}")
        if failed:
            raise SystemExit(1)


def find_store(owner: User, name: str) -> VectorStore:
    """Return the owner's store of that id or name, or a new one of that name. Raise ``CommandError``."""
    stores = vector_stores.of_user(owner)
    matches = list(stores.filter(id=name)) or list(stores.filter(name=name).order_by("number"))
    if len(matches) > 1:
        ids = ", ".join(store.id for store in matches)
        raise CommandError(f"{owner} has several stores named {name!r}: {ids}. Name one by id.")
    if matches and matches[0].is_expired:
        raise CommandError(f"The store {name!r} has expired: nothing can be put into it any more.")
    if matches:
        return matches[0]
    if not name.strip() or len(name) > MAX_NAME:
        raise CommandError(f"A store's name has 1 to {MAX_NAME} characters.")
    return vector_stores.create(owner, name=name)
