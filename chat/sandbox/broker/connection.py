"""One connection to the broker: what it asks for, one frame after the other, and that it is gone."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from chat.sandbox import protocol
from chat.sandbox.broker.registry import Entry, Registry
from chat.sandbox.broker.thread_pool import Threads
from chat.sandbox.errors import SandboxError, SessionLost
from chat.sandbox.protocol import Header
from chat.sandbox.sessions.session import Session

log = logging.getLogger(__name__)
UNKNOWN = "The broker knows no such operation, or not these fields."
FAILED = "The broker failed; its log says why."
NOT_OPEN = "No session is open on this connection."


class Caller:
    """Serves one connection until it ends. A cell that runs when it does is stopped.

    ``registry`` waits until the broker has started; it raises ``Unavailable``.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        registry: Callable[[], Awaitable[Registry]],
        status: Callable[[], Header],
        threads: Threads,
    ) -> None:
        self.reader, self.writer = reader, writer
        self.registry, self.status, self.threads = registry, status, threads
        self.held = AsyncExitStack()
        self.entry: Entry | None = None

    async def serve(self) -> None:
        self.coming = asyncio.ensure_future(protocol.read(self.reader))
        try:
            async with self.held:
                while True:
                    header, body = await self.coming
                    self.coming = asyncio.ensure_future(protocol.read(self.reader))
                    await self._attended(self._answer(header, body))
        except (EOFError, OSError, protocol.BadFrame):
            pass  # it is gone, or no client of ours
        finally:
            self.coming.cancel()
            await asyncio.gather(self.coming, return_exceptions=True)
            self.writer.transport.abort()

    async def _attended(self, answering: Coroutine[Any, Any, None]) -> None:
        """Answer, unless the caller goes meanwhile."""
        task = asyncio.ensure_future(answering)
        try:
            await asyncio.wait({task, self.coming}, return_when=asyncio.FIRST_COMPLETED)
            if self.coming.done() and self.coming.exception() is not None:
                task.cancel()
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            await asyncio.wait({task})
        if not task.cancelled():
            task.result()

    async def _answer(self, header: Header, body: bytes) -> None:
        try:
            await OPERATIONS.get(header.get("op"), Caller._unknown)(self, header, body)
        except SandboxError as refusal:
            await self._refuse(refusal)
        except (KeyError, TypeError, ValueError):
            log.exception("a request that is none: %.200r", header)
            await self._refuse(SandboxError(UNKNOWN))
        except (OSError, EOFError):
            raise
        except Exception:
            log.exception("a request failed: %.200r", header)
            await self._refuse(SandboxError(FAILED))

    async def _unknown(self, _header: Header, _body: bytes) -> None:
        raise SandboxError(UNKNOWN)

    async def _status(self, _header: Header, _body: bytes) -> None:
        await self._send(self.status())

    async def _open(self, header: Header, _body: bytes) -> None:
        if self.entry is not None:
            raise SandboxError(UNKNOWN)
        self.rooms = await self.registry()
        lease = self.rooms.lease(header["session"], owner=header["owner"], tell=self._tell)
        self.entry, is_new = await self.held.enter_async_context(lease)
        await self._send({"op": "opened", "new": is_new})

    async def _run(self, _header: Header, body: bytes) -> None:
        entry = self._entry()
        owner, code, stop = entry.key[0], body.decode(), threading.Event()
        with entry.in_use() as session:
            await self.rooms.cells.take(owner, tell=self._tell)
            try:
                await self._send({"op": "started"})
                outcome = await self.threads.do(lambda: session.run(code, stop=stop), stop=stop)
            finally:
                self.rooms.cells.give_back(owner)
        for image in outcome.images:
            await self._send({"op": "image"}, image)
        ending = {"status": outcome.status, "reason": outcome.reason, "seconds": outcome.seconds}
        await self._send({"op": "result", **ending}, outcome.logs.encode(errors="replace"))

    async def _put(self, header: Header, body: bytes) -> None:
        name, offset = header["name"], header["offset"]
        await self._with_session(lambda session: session.put(name, body, offset=offset))
        await self._send({"op": "ok"})

    async def _get(self, header: Header, _body: bytes) -> None:
        name, offset = header["name"], header["offset"]
        await self._send({"op": "chunk"}, await self._with_session(lambda session: session.get(name, offset=offset)))

    async def _list(self, _header: Header, _body: bytes) -> None:
        found = await self._with_session(lambda session: session.files())
        await self._send({"op": "files", "files": [[file.name, file.size, file.modified] for file in found]})

    async def _remove(self, header: Header, _body: bytes) -> None:
        name = header["name"]
        await self._with_session(lambda session: session.remove(name))
        await self._send({"op": "ok"})

    async def _end(self, _header: Header, _body: bytes) -> None:
        self.rooms.end(self._entry())
        await self._send({"op": "ok"})

    async def _forget(self, header: Header, _body: bytes) -> None:
        (await self.registry()).forget(header["session"], owner=header["owner"])
        await self._send({"op": "ok"})

    async def _with_session(self, work: Callable[[Session], Any]) -> Any:
        with self._entry().in_use() as session:
            return await self.threads.do(lambda: work(session))

    def _entry(self) -> Entry:
        if self.entry is None:
            raise SessionLost(NOT_OPEN)
        return self.entry

    async def _tell(self, ahead: int) -> None:
        await self._send({"op": "waiting", "ahead": ahead})

    async def _refuse(self, refusal: SandboxError) -> None:
        await self._send({"op": "error", "code": refusal.code, "message": refusal.message})

    async def _send(self, header: Header, body: bytes = b"") -> None:
        self.writer.write(protocol.packed(header, body))
        await self.writer.drain()


OPERATIONS: dict[Any, Callable[[Caller, Header, bytes], Awaitable[None]]] = {
    "status": Caller._status,
    "open": Caller._open,
    "run": Caller._run,
    "put": Caller._put,
    "get": Caller._get,
    "list": Caller._list,
    "remove": Caller._remove,
    "end": Caller._end,
    "forget": Caller._forget,
}
