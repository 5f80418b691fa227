"""The work of ``manage.py ingest``: put files of a disk into a store and wait until they are read."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from django.core.files.uploadedfile import UploadedFile
from tqdm import tqdm

from chat.actions.knowledge import staff
from chat.background.database_threads import in_thread
from chat.background.polling import is_anyone_alive
from chat.errors import Refusal
from chat.models import VectorStore, VectorStoreFile
from chat.models.files import shown_name
from chat.retrieval.indexing import passage_rows
from chat.retrieval.indexing.local_copies import local_copy
from chat.retrieval.indexing.worker import IndexingWorker

POLL_INTERVAL = 0.5  # seconds between two looks at the rows
LINE_INTERVAL = 60.0  # seconds between two lines on progress, where there is no terminal for a bar
BAR = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
REMOVED = "It was taken out of the store meanwhile."
CANCELLED = "It was cancelled."
Status = VectorStoreFile.Status


class IngestJob:
    """Puts the files at ``paths`` into ``store``, except those that it has already, by name and content.

    They are read by the server of this machine if one runs, whose workers keep their locks in ``folder``; else here.
    """

    def __init__(self, store: VectorStore, paths: Sequence[Path], *, folder: Path) -> None:
        self.store, self.paths, self.folder = store, paths, folder
        self.entries: dict[Path, int] = {}
        self.failures: dict[Path, str] = {}
        self.known_files = 0  # of ``paths``, in the store already and read
        self.by_name: dict[str, list[VectorStoreFile]] = {}
        self.told_at = float("-inf")  # when a line was written
        self.ingestion: IndexingWorker | None = None

    async def run(self) -> None:
        """Put and wait until each file is read or has failed; ``failures`` has the reasons by path.

        Progress goes to standard error: a bar on a terminal, else a line a minute.
        """
        putting = asyncio.create_task(self._put_all())
        try:
            with tqdm(desc="Starting", total=len(self.paths), bar_format=BAR, disable=None) as bar:
                while await self._unread(bar):
                    self._read_if_nobody_does()
                    await asyncio.sleep(POLL_INTERVAL)
                    if putting.done():
                        putting.result()
            await in_thread(self._conclude)
        finally:
            putting.cancel()
            await asyncio.wait({putting})
            if self.ingestion is not None:
                await self.ingestion.stop()
                await self.reading

    def _read_if_nobody_does(self) -> None:
        if self.ingestion is None and not is_anyone_alive(self.folder):
            self.ingestion = IndexingWorker(folder=self.folder)
            self.reading = asyncio.create_task(self.ingestion.run())

    async def _put_all(self) -> None:
        await in_thread(self._load_entries)
        for path in self.paths:
            try:
                self.entries[path] = await in_thread(self._put, path)
            except Refusal as refusal:
                self.failures[path] = refusal.message
            except OSError as error:
                self.failures[path] = f"It cannot be opened: {error.strerror}."

    def _load_entries(self) -> None:
        """Note the entries that the store has already, by file name."""
        for entry in self.store.entries.select_related("file").defer("attributes", "last_error"):
            self.by_name.setdefault(entry.file.filename, []).append(entry)

    def _put(self, path: Path) -> int:
        """Return the key of the entry of the file at ``path``. One that failed before is read again."""
        name, digest = shown_name(path.name), passage_rows.file_digest(path)
        named = self.by_name.setdefault(name, [])
        size = path.stat().st_size
        for entry in named:
            if entry.file.bytes == size and digest_of(entry) == digest:
                if entry.status in staff.NOT_INDEXED:
                    staff.retry(self.store, entry_pk=entry.pk)
                self.known_files += entry.status == Status.COMPLETED
                return entry.pk
        with path.open("rb") as content:
            entry = staff.add_upload(self.store, upload=UploadedFile(content, name=path.name, size=size))
        entry.digest = digest
        named.append(entry)
        return entry.pk

    async def _unread(self, bar: tqdm[NoReturn]) -> int:
        """Tell of the progress. Return how many of ``paths`` are neither read nor have failed."""
        waiting = await in_thread(self._waiting)
        parts = [waiting[pk] for pk in self.entries.values() if pk in waiting]
        remaining = len(self.paths) - len(self.entries) - len(self.failures) + len(parts)
        told = f"{len(self.paths) - remaining} of {len(self.paths)} files"
        bar.set_description_str(told, refresh=False)
        bar.n = len(self.paths) - remaining + sum(parts) / 100
        bar.refresh()
        if bar.disable and time.monotonic() - self.told_at >= LINE_INTERVAL:
            print(told, file=sys.stderr, flush=True)  # noqa: T201 -- for who reads the file into which it goes
            self.told_at = time.monotonic()
        return remaining

    def _waiting(self) -> dict[int, int]:
        """Return the percentage done of each of the store's entries that is being read, by key."""
        return dict(self.store.entries.filter(status=Status.IN_PROGRESS).values_list("pk", "progress"))

    def _conclude(self) -> None:
        ended = {entry.pk: entry for entry in self.store.entries.only("status", "last_error")}
        for path, pk in self.entries.items():
            if pk not in ended:
                self.failures[path] = REMOVED
            elif ended[pk].status != Status.COMPLETED:
                self.failures[path] = (ended[pk].last_error or {}).get("message", CANCELLED)


def digest_of(entry: VectorStoreFile) -> str:
    """Return the digest of the entry's content."""
    # An entry that waits to be read has none in its row yet.
    if entry.digest:
        return entry.digest
    with local_copy(entry.file) as path:
        return passage_rows.file_digest(path)
