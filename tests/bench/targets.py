"""What is measured beside Everthread: the mock by itself, the bare floor, and the naive consumer."""

from __future__ import annotations

import asyncio

from tests.bench.load import Connection, Direct, Work, open_socket
from tests.bench.stamps import Tally


class Upstream:
    """No relay at all."""

    name = "direct"
    pid: int | None = None

    def __init__(self, port: int) -> None:
        self._port = port

    async def prepare(self, work: Work) -> None:
        """Nothing."""

    async def connect(self, number: int, work: Work, tally: Tally) -> Connection:
        loop = asyncio.get_running_loop()
        _, reader = await loop.create_connection(lambda: Direct(work.model, tally), "127.0.0.1", self._port)
        return reader


class PlainSocket:
    """A relay whose first frame is the name of the model: ``tests.bench.floor`` and ``tests.bench.naive``."""

    def __init__(self, name: str, *, pid: int, port: int) -> None:
        self.name = name
        self.pid: int | None = pid
        self._port = port

    async def prepare(self, work: Work) -> None:
        """Nothing."""

    async def connect(self, number: int, work: Work, tally: Tally) -> Connection:
        return await open_socket(f"ws://127.0.0.1:{self._port}/", tally.feed, first=work.model)
