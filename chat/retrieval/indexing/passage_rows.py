"""A file's text as rows: passages, and the windows that those which overlap share."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from chat.documents import passages
from chat.documents.tokens import count
from chat.models import Passage, VectorStoreFile, Window
from chat.providers.base import Embedder
from chat.retrieval.indexing.claims import Hold
from chat.retrieval.indexing.document_sections import Document
from chat.retrieval.keywords import index

BATCH = 20  # passages that are written in one transaction: 10 ms, most of it for their words
NOTICE = VectorStoreFile._meta.get_field("notice").max_length


def cut(hold: Hold, entry: VectorStoreFile, path: Path, *, embedder: Embedder) -> None:
    """Read the file at ``path`` and keep its passages and windows, which have no vectors yet.

    The entry has none of before. Raises ``Unreadable`` and ``Lost``.
    """
    document = Document(path, name=entry.file.filename, hold=hold)
    rows = Rows(hold, entry, embedder)
    sizes = entry.chunking_strategy["static"]
    found = passages.cut(
        document, max_tokens=sizes["max_chunk_size_tokens"], overlap=sizes["chunk_overlap_tokens"], count=count
    )
    for passage in found:
        rows.add(passage)
    rows.write()
    hold.write(is_cut=True, embedded_by=entry.store.embedder, notice=document.notice[:NOTICE])


class Rows:
    """Makes rows of passages, in order, and writes them some at a time."""

    def __init__(self, hold: Hold, entry: VectorStoreFile, embedder: Embedder) -> None:
        self.hold, self.entry, self.embedder = hold, entry, embedder
        self.place = self.window_place = 0
        self.passages: list[Passage] = []
        self.windows: list[Window] = []
        self.segments: dict[int, tuple[int, int]] = {}  # windows of the last passage's segments, by their begin

    def add(self, passage: passages.Passage) -> None:
        spans = {begin: self._span(passage, begin, end) for begin, end in passage.segments}
        self.segments = spans
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
                window_from=min(first for first, _ in spans.values()),
                window_to=max(last for _, last in spans.values()),
            )
        )
        self.place += 1
        if len(self.passages) == BATCH:
            self.write()

    def _span(self, passage: passages.Passage, begin: int, end: int) -> tuple[int, int]:
        """The windows of the segment from ``begin`` to ``end``: those that it has, or new ones."""
        if begin in self.segments:
            return self.segments[begin]
        first = self.window_place
        begin, end = max(begin, passage.char_from), min(end, passage.char_to)
        turns = [char for char, _page in passage.pages if begin < char < end]
        for page_from, page_to in pairwise([begin, *turns, max(begin, end)]):
            self._open(passage, page_from, page_to)
        return first, self.window_place

    def _open(self, passage: passages.Passage, begin: int, end: int) -> None:
        """New windows from ``begin`` to ``end``, which are on one page: a window tells on which page its words are."""
        text = passage.text[begin - passage.char_from : end - passage.char_from]
        for char_from, char_to in self.embedder.windows(text):
            window = Window(
                entry=self.entry, place=self.window_place, char_from=begin + char_from, char_to=begin + char_to
            )
            self.windows.append(window)
            self.window_place += 1

    def write(self) -> None:
        """Raises ``Lost``."""
        with self.hold.writing():
            Passage.objects.bulk_create(self.passages)
            Window.objects.bulk_create(self.windows)
            index.add(self.passages, store=self.entry.store)
        self.passages, self.windows = [], []
