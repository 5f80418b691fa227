"""What is measured beside Everthread: the mock by itself, the bare floor, and the naive relays."""

from __future__ import annotations

from tests.bench.load import Connection, Work, ask, open_events, open_socket
from tests.bench.stamps import Tally


class _Plain:
    """Nothing must exist before chats can connect."""

    def __init__(self, name: str, *, pid: int | None, port: int) -> None:
        self.name = name
        self.pid = pid
        self._port = port

    async def prepare(self, work: Work) -> None:
        """Nothing."""


class PlainEvents(_Plain):
    """What answers as the mock does: the mock itself, without anything between, and ``tests.bench.naive_sse``."""

    async def connect(self, number: int, work: Work, tally: Tally) -> Connection:
        return await open_events(self._port, tally.feed, request=ask(work.model))


class PlainSocket(_Plain):
    """A relay whose first frame is the name of the model: ``tests.bench.floor`` and ``tests.bench.naive``."""

    async def connect(self, number: int, work: Work, tally: Tally) -> Connection:
        return await open_socket(f"ws://127.0.0.1:{self._port}/", tally.feed, first=work.model)
