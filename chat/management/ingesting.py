"""Files of a disk put into a store, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from django.core.files.uploadedfile import UploadedFile
from tqdm import tqdm

from chat.actions.knowledge import staff
from chat.background.database_threads import in_thread
from chat.background.liveness import is_anyone_alive
from chat.errors import Refusal
from chat.models import VectorStore, VectorStoreFile, storing
from chat.retrieval.indexing import reuse
from chat.retrieval.indexing.worker import IndexingWorker

POLL = 0.5  # seconds between two looks at the rows
BAR = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
GONE = "It was taken out of the store meanwhile."
CANCELLED = "It was cancelled."
Status = VectorStoreFile.Status


class Ingesting:
    """Puts the files at ``paths`` into ``store``, but those of one name and content that it has only once.

    They are read by the server of this machine if one runs, whose workers keep their locks in ``folder``; else here.
    """

    def __init__(self, store: VectorStore, paths: Sequence[Path], *, folder: Path) -> None:
        self.store, self.paths, self.folder = store, paths, folder
        self.entries: dict[Path, int] = {}
        self.failures: dict[Path, str] = {}
        self.found = 0  # were in the store already, and read
        self.by_name: dict[str, list[VectorStoreFile]] = {}
        self.ingestion: IndexingWorker | None = None

    async def run(self) -> None:
        """Until all are read or cannot be; then ``failures`` has the reasons."""
        putting = asyncio.create_task(self._put_all())
        try:
            with tqdm(desc="Starting", total=len(self.paths), bar_format=BAR) as bar:
                while await self._unread(bar):
                    self._read_if_nobody_does()
                    await asyncio.sleep(POLL)
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
        await in_thread(self._learn)
        for path in self.paths:
            try:
                self.entries[path] = await in_thread(self._put, path)
            except Refusal as refusal:
                self.failures[path] = refusal.message
            except OSError as error:
                self.failures[path] = f"It cannot be opened: {error.strerror}."

    def _learn(self) -> None:
        """What is in the store already."""
        for entry in self.store.entries.select_related("file").defer("attributes", "last_error"):
            self.by_name.setdefault(entry.file.filename, []).append(entry)

    def _put(self, path: Path) -> int:
        """The entry of the file at ``path``. One that failed before is read again."""
        name, digest = storing.shown_name(path.name), reuse.file_digest(path)
        named = self.by_name.setdefault(name, [])
        size = path.stat().st_size
        for entry in named:
            if entry.file.bytes == size and digest_of(entry) == digest:
                if entry.status in staff.LEFT_OUT:
                    staff.retry(self.store, entry_pk=entry.pk)
                self.found += entry.status == Status.COMPLETED
                return entry.pk
        with path.open("rb") as content:
            entry = staff.add(self.store, upload=UploadedFile(content, name=path.name, size=size))
        entry.digest = digest
        named.append(entry)
        return entry.pk

    async def _unread(self, bar: tqdm[NoReturn]) -> int:
        """Show how far it is. How many of ``paths`` are neither read nor have failed."""
        waiting = await in_thread(self._waiting)
        parts = [waiting[pk] for pk in self.entries.values() if pk in waiting]
        left = len(self.paths) - len(self.entries) - len(self.failures) + len(parts)
        bar.set_description_str(f"{len(self.paths) - left} of {len(self.paths)} files", refresh=False)
        bar.n = len(self.paths) - left + sum(parts) / 100
        bar.refresh()
        return left

    def _waiting(self) -> dict[int, int]:
        """The store's entries that are being read, and how many percent of each are done."""
        return dict(self.store.entries.filter(status=Status.IN_PROGRESS).values_list("pk", "progress"))

    def _conclude(self) -> None:
        ended = {entry.pk: entry for entry in self.store.entries.only("status", "last_error")}
        for path, pk in self.entries.items():
            if pk not in ended:
                self.failures[path] = GONE
            elif ended[pk].status != Status.COMPLETED:
                self.failures[path] = (ended[pk].last_error or {}).get("message", CANCELLED)


def digest_of(entry: VectorStoreFile) -> str:
    """One that waits to be read has no digest yet."""
    if entry.digest:
        return entry.digest
    with reuse.local_copy(entry.file) as path:
        return reuse.file_digest(path)
