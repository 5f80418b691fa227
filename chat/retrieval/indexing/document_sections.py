"""The sections of a file, for a thread that asks for one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

from chat.documents.reading.process import read
from chat.documents.sections import Section, Summary
from chat.documents.tokens import count
from chat.errors import Unreadable
from chat.retrieval.indexing.claims import Hold

MAX_TOKENS = 5_000_000  # of a file (reference, section 4)
TOO_LARGE = "The file could not be parsed because it is too large."

_AT_ONCE = 16
"""Sections that are fetched in one go, of at most 64,000 characters each."""

_LOOK = 0.5
"""Seconds until a thread that waits for the reader notices that it is to give up."""

Items = AsyncGenerator[Section | Summary, None]


class Document:
    """Iterate once over its sections; then ``notice`` is what people should know of it, or ``""``.

    The reading is a process of its own, which ends with the iteration. Raises ``Unreadable`` if the file cannot be read
    or has more than five million tokens, and ``Lost``.
    """

    def __init__(self, path: Path, *, name: str, hold: Hold) -> None:
        self.path, self.name, self.hold = path, name, hold
        self.notice = ""

    def __iter__(self) -> Iterator[Section]:
        tokens = 0
        for item in self._items():
            if isinstance(item, Summary):
                self.notice = " ".join(item.warnings)
                continue
            tokens += count(item.text)
            if tokens > MAX_TOKENS:
                raise Unreadable(TOO_LARGE)
            yield item

    def _items(self) -> Iterator[Section | Summary]:
        """In an event loop of its own, so that the server's neither starts processes nor decodes their output."""
        items = read(self.path, name=self.name)
        with asyncio.Runner() as runner:
            try:
                while some := runner.run(_next(items, self.hold)):
                    yield from some
            finally:
                runner.run(items.aclose())


async def _next(items: Items, hold: Hold) -> list[Section | Summary]:
    """The next few items; none at the end."""
    task = asyncio.create_task(_some(items))
    try:
        while not task.done():
            hold.check()
            await asyncio.wait({task}, timeout=_LOOK)
    finally:
        task.cancel()
        await asyncio.wait({task})
    return task.result()


async def _some(items: Items) -> list[Section | Summary]:
    some: list[Section | Summary] = []
    async for item in items:
        some.append(item)
        if len(some) == _AT_ONCE:
            break
    return some
