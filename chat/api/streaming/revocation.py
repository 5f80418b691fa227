"""Streams end when their key stops to work, as sockets do."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from django.db import Error

from chat.actions.access import api_keys
from chat.background.database_threads import read_in_thread
from chat.errors import NotSignedIn
from chat.models import ApiKey

T = TypeVar("T")
RECHECK = 0.75  # seconds between two looks whether the keys still work
REVOKED = "The API key was revoked, or its owner was deactivated."
RUN_GOES_ON = f"{REVOKED} The run goes on."


async def while_usable(
    key: ApiKey, events: AsyncGenerator[T, None], *, message: str = RUN_GOES_ON
) -> AsyncGenerator[T, None]:
    """Yield ``events``. Raise ``NotSignedIn`` with ``message`` when the key is revoked or its owner deactivated."""
    stream = KeyOfStream()
    watch.add(key, stream)
    try:
        async with aclosing(events):
            while (batch := await stream.unless_revoked(events, message)) is not None:
                yield batch
    finally:
        await watch.remove(key, stream)


class KeyOfStream:
    """What one stream knows of its key: whether it was ``revoked``."""

    def __init__(self) -> None:
        self.revoked = False
        self.step: asyncio.Timeout | None = None

    async def unless_revoked(self, events: AsyncGenerator[T, None], message: str) -> T | None:
        """Return the next of ``events``; None at their end. Raise ``NotSignedIn`` once the key is revoked."""
        try:
            async with asyncio.timeout(None) as self.step:
                if not self.revoked:
                    return await anext(events, None)
        except TimeoutError:
            if not self.revoked:
                raise
        finally:
            self.step = None
        raise NotSignedIn(message)

    def revoke(self) -> None:
        self.revoked = True
        if self.step is not None:
            self.step.reschedule(0)  # it has passed: what is awaited is cancelled


class KeyWatch:
    """Looks whether the keys of all open streams still work, in one query: another process may revoke them."""

    def __init__(self) -> None:
        self.streams: defaultdict[int, set[KeyOfStream]] = defaultdict(set)  # by the key's number
        self.looking: asyncio.Task[None] | None = None

    def add(self, key: ApiKey, stream: KeyOfStream) -> None:
        self.streams[key.pk].add(stream)
        loop = asyncio.get_running_loop()
        if self.looking is None or self.looking.done() or self.looking.get_loop() is not loop:
            self.looking = loop.create_task(self._look())

    async def remove(self, key: ApiKey, stream: KeyOfStream) -> None:
        self.streams[key.pk].discard(stream)
        if not self.streams[key.pk]:
            del self.streams[key.pk]
        if not self.streams and self.looking is not None:
            looking, self.looking = self.looking, None
            looking.cancel()
            await asyncio.wait({looking})

    async def _look(self) -> None:
        while self.streams:
            await asyncio.sleep(RECHECK)
            try:
                usable = await read_in_thread(api_keys.usable_among, set(self.streams))
            except Error:  # it was logged, and the next look may succeed
                usable = set(self.streams)
            for key in self.streams.keys() - usable:
                for stream in self.streams[key]:
                    stream.revoke()


watch = KeyWatch()
