"""The text of a file as rows: passages, and the windows that overlapping passages share. ``index_file`` calls it.

They are cut from the file, or copied from an entry of the same bytes, in another store or under another id.
"""

from __future__ import annotations

import asyncio
import hashlib
from bisect import bisect_left
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db.models import QuerySet

from chat.documents.passages import DocumentPassage, count_tokens, cut_passages
from chat.documents.reading.process import read_document
from chat.documents.sections import Section, Summary
from chat.errors import Unreadable
from chat.models import Passage, VectorStoreFile, Window
from chat.providers.base import Embedder
from chat.retrieval.indexing import cleanup
from chat.retrieval.indexing.claims import Claim
from chat.retrieval.keywords import index

MAX_TOKENS = 5_000_000  # of a file (reference, section 4)
TOO_LARGE = "The file could not be parsed because it is too large."
BATCH = 20  # passages that are written in one transaction: 10 ms, most of it for their words
MOST_TWINS = 20  # entries of the same bytes that are looked at
NOTICE_CHARACTERS = VectorStoreFile._meta.get_field("notice").max_length

_SECTIONS = 16
"""Sections that are fetched in one go, of at most 64,000 characters each."""

_CHECK = 0.5
"""Seconds between two looks at the claim while the reader is waited for."""

Items = AsyncGenerator[Section | Summary, None]
Row = TypeVar("Row", Passage, Window)


def cut_file(claim: Claim, entry: VectorStoreFile, path: Path, *, embedder: Embedder) -> None:
    """Read the file at ``path`` and insert its passages and windows, without vectors. The entry has none yet.

    Raise ``Unreadable`` if the file cannot be read or has more than five million tokens, and ``ClaimLost``.
    """
    document = _Document(claim, path, entry.file.filename)
    writer = _PassageWriter(claim, entry, _WindowMaker(entry, embedder))
    sizes = entry.chunking_strategy["static"]
    for passage in cut_passages(
        document.sections(),
        max_tokens=sizes["max_chunk_size_tokens"],
        overlap=sizes["chunk_overlap_tokens"],
        count=count_tokens,
    ):
        writer.add(passage)
    writer.write()
    claim.write(is_cut=True, embedded_by=entry.store.embedder, notice=document.notice[:NOTICE_CHARACTERS])


@dataclass(slots=True)
class _Document:
    """A file that is read by a child process. ``notice`` is what people should know of it, once it has been read."""

    claim: Claim
    path: Path
    name: str
    notice: str = ""

    def sections(self) -> Iterator[Section]:
        """Yield the sections. Raise as ``cut_file`` does."""
        tokens = 0
        items = read_document(self.path, name=self.name, ocr_pages=settings.EVERTHREAD_OCR_PAGES)
        # In an event loop of its own, so that the server's neither starts processes nor decodes their output.
        with asyncio.Runner() as runner:
            try:
                while batch := runner.run(self._next_items(items)):
                    for item in batch:
                        if isinstance(item, Summary):
                            self.notice = " ".join(item.warnings)
                            continue
                        tokens += count_tokens(item.text)
                        if tokens > MAX_TOKENS:
                            raise Unreadable(TOO_LARGE)
                        yield item
            finally:
                runner.run(items.aclose())

    async def _next_items(self, items: Items) -> list[Section | Summary]:
        """Return the next few items; none at the end."""
        task = asyncio.create_task(_take_items(items))
        try:
            while not task.done():
                self.claim.check()
                await asyncio.wait({task}, timeout=_CHECK)
        finally:
            task.cancel()
            await asyncio.wait({task})
        return task.result()


async def _take_items(items: Items) -> list[Section | Summary]:
    batch: list[Section | Summary] = []
    async for item in items:
        batch.append(item)
        if len(batch) == _SECTIONS:
            break
    return batch


def replace_windows(claim: Claim, entry: VectorStoreFile, *, embedder: Embedder) -> None:
    """Give the passages of ``entry`` windows for ``embedder``, without vectors, in place of those that they have.

    Raise ``ClaimLost``; then, as when the process dies in between, it is to be done again.
    """
    cleanup.remove_windows(claim)
    ranges = Passage.objects.filter(entry=entry).order_by("place").values_list("char_from", "char_to")
    # Passages that overlap do so by whole segments, so each begins and ends where a segment does.
    edges = sorted({edge for passage_range in ranges for edge in passage_range})
    maker = _WindowMaker(entry, embedder)
    for passages in _batches(Passage.objects.filter(entry=entry)):
        for passage in passages:
            first, last = bisect_left(edges, passage.char_from), bisect_left(edges, passage.char_to)
            segments = list(pairwise(edges[first : last + 1]))
            passage.window_from, passage.window_to = maker.window_range(passage, segments)
        with claim.writing():
            Passage.objects.bulk_update(passages, ["window_from", "window_to"])
            Window.objects.bulk_create(maker.take())
    claim.write(embedded_by=entry.store.embedder, progress=0)


@dataclass(slots=True)
class _WindowMaker:
    """Makes rows of the windows of passages, in order. Those of segments that passages share are made once."""

    entry: VectorStoreFile
    embedder: Embedder
    place: int = 0
    windows: list[Window] = field(default_factory=list)
    segments: dict[int, tuple[int, int]] = field(default_factory=dict)  # windows of the last passage's, by their begin

    def window_range(self, passage: DocumentPassage | Passage, segments: Sequence[tuple[int, int]]) -> tuple[int, int]:
        """Return the windows of the next passage, (from, to). It consists of ``segments``."""
        self.segments = {begin: self._windows_of(passage, begin, end) for begin, end in segments}
        ranges = self.segments.values()
        return min(first for first, _ in ranges), max(last for _, last in ranges)

    def take(self) -> list[Window]:
        """Return the windows that were made since this was last called."""
        made, self.windows = self.windows, []
        return made

    def _windows_of(self, passage: DocumentPassage | Passage, begin: int, end: int) -> tuple[int, int]:
        """Return the windows of the segment from ``begin`` to ``end``, (from, to): those that it has, or new ones."""
        if begin in self.segments:
            return self.segments[begin]
        first = self.place
        begin, end = max(begin, passage.char_from), min(end, passage.char_to)
        # No window goes across a page's end, so that each tells on which page its words are.
        turns = [char for char, _page in passage.pages if begin < char < end]
        for page_from, page_to in pairwise([begin, *turns, max(begin, end)]):
            text = passage.text[page_from - passage.char_from : page_to - passage.char_from]
            for char_from, char_to in self.embedder.windows(text):
                window_range = {"char_from": page_from + char_from, "char_to": page_from + char_to}
                self.windows.append(Window(entry=self.entry, place=self.place, **window_range))
                self.place += 1
        return first, self.place


@dataclass(slots=True)
class _PassageWriter:
    """Makes rows of passages, in order, and inserts some at a time."""

    claim: Claim
    entry: VectorStoreFile
    windows: _WindowMaker
    place: int = 0
    passages: list[Passage] = field(default_factory=list)

    def add(self, passage: DocumentPassage) -> None:
        window_from, window_to = self.windows.window_range(passage, passage.segments)
        self.passages.append(
            Passage(
                entry=self.entry,
                place=self.place,
                text=passage.text,
                heading=passage.heading,
                headings=passage.headings,
                page_from=passage.page_from,
                page_to=passage.page_to,
                pages=passage.pages,
                char_from=passage.char_from,
                char_to=passage.char_to,
                window_from=window_from,
                window_to=window_to,
            )
        )
        self.place += 1
        if len(self.passages) == BATCH:
            self.write()

    def write(self) -> None:
        """Insert the rows that wait. Raise ``ClaimLost``."""
        with self.claim.writing():
            Passage.objects.bulk_create(self.passages)
            Window.objects.bulk_create(self.windows.take())
            index.add(self.passages, store=self.entry.store)
        self.passages = []


# --- the rows of another entry whose file has the same bytes ----------------------------------------------------


def file_digest(path: Path) -> str:
    """Return the SHA-256 of the file at ``path``, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def find_twin(entry: VectorStoreFile, *, digest: str) -> VectorStoreFile | None:
    """Return an entry of the same owner whose bytes, with the same ``digest``, were cut and embedded as ``entry`` is to
    be.
    """
    same = VectorStoreFile.objects.filter(
        digest=digest,
        status=VectorStoreFile.Status.COMPLETED,
        is_cut=True,
        embedded_by=entry.store.embedder,
        needs_vectors=False,
        store__owner=entry.store.owner_id,
        file__owner=entry.file.owner_id,
    ).exclude(pk=entry.pk)
    return next((other for other in same.select_related("file")[:MOST_TWINS] if _is_cut_alike(other, entry)), None)


def _is_cut_alike(one: VectorStoreFile, other: VectorStoreFile) -> bool:
    """Return whether the same bytes give the same passages and vectors, which have the file's name in them."""
    return one.file.filename == other.file.filename and one.chunking_strategy == other.chunking_strategy


def copy_twin(claim: Claim, entry: VectorStoreFile, *, twin: VectorStoreFile) -> bool:
    """Give ``entry``, which has none, the passages, windows and vectors of ``twin``.

    Return False if the twin changed or was deleted meanwhile: then some were copied. Raise ``ClaimLost``.
    """
    unchanged = VectorStoreFile.objects.filter(
        pk=twin.pk, attempt=twin.attempt, status=twin.status, is_cut=True, embedded_by=twin.embedded_by
    )
    for passages in _batches(Passage.objects.filter(entry=twin)):
        with claim.writing():
            if not unchanged.exists():
                return False
            copies = [_copied(passage, entry) for passage in passages]
            Passage.objects.bulk_create(copies)
            index.add(copies, store=entry.store)
    for windows in _batches(Window.objects.filter(entry=twin)):
        with claim.writing():
            if not unchanged.exists():
                return False
            Window.objects.bulk_create([_copied(window, entry) for window in windows])
    with claim.writing():
        if not unchanged.exists():
            return False
        claim.rows().update(is_cut=True, embedded_by=twin.embedded_by, notice=twin.notice)
    return True


def _batches(rows: QuerySet[Row]) -> Iterator[list[Row]]:
    place = -1
    while batch := list(rows.filter(place__gt=place).order_by("place")[:BATCH]):
        yield batch
        place = batch[-1].place


def _copied(row: Row, entry: VectorStoreFile) -> Row:
    row.pk, row.entry = None, entry
    row._state.adding = True
    return row
