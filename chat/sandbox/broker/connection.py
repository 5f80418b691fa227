"""One connection to the broker: answers its requests one after the other, until it ends."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from chat.sandbox import protocol
from chat.sandbox.broker.registry import OpenSession, Registry
from chat.sandbox.broker.thread_pool import ThreadPool
from chat.sandbox.errors import SandboxError, SessionLost
from chat.sandbox.protocol import Header
from chat.sandbox.sessions.session import Session

log = logging.getLogger(__name__)
UNKNOWN = "The broker knows no such operation, or not these fields."
FAILED = "The broker failed; its log says why."
NOT_OPEN = "No session is open on this connection."


class BrokerConnection:
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
        threads: ThreadPool,
    ) -> None:
        self.reader, self.writer = reader, writer
        self.registry, self.status, self.threads = registry, status, threads
        self.leases = AsyncExitStack()
        self.entry: OpenSession | None = None

    async def serve(self) -> None:
        self.next_frame = asyncio.ensure_future(protocol.read_frame(self.reader))
        try:
            async with self.leases:
                while True:
                    header, body = await self.next_frame
                    self.next_frame = asyncio.ensure_future(protocol.read_frame(self.reader))
                    await self._run_while_connected(self._answer(header, body))
        except (EOFError, OSError, protocol.BadFrame):
            # The client is gone, or is not one of ours.
            pass
        finally:
            self.next_frame.cancel()
            await asyncio.gather(self.next_frame, return_exceptions=True)
            self.writer.transport.abort()

    async def _run_while_connected(self, answering: Coroutine[Any, Any, None]) -> None:
        """Await ``answering``, or cancel it when the connection ends meanwhile."""
        task = asyncio.ensure_future(answering)
        try:
            await asyncio.wait({task, self.next_frame}, return_when=asyncio.FIRST_COMPLETED)
            if self.next_frame.done() and self.next_frame.exception() is not None:
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
            await OPERATIONS.get(header.get("op"), BrokerConnection._unknown)(self, header, body)
        except SandboxError as refusal:
            await self._refuse(refusal)
        except (KeyError, TypeError, ValueError):
            log.exception("a malformed request: %.200r", header)
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
        self.sessions = await self.registry()
        name, owner, id = header["session"], header["owner"], header.get("id")
        lease = self.sessions.lease(name, owner=owner, on_waiting=self._send_waiting, id=id)
        entry, is_new = await self.leases.enter_async_context(lease)
        self.entry = entry
        await self._send({"op": "opened", "new": is_new, "id": entry.id})

    async def _run(self, _header: Header, body: bytes) -> None:
        entry = self._entry()
        owner, code, stop = entry.key[0], body.decode(), threading.Event()
        with entry.in_use() as session:
            await self.sessions.cells.acquire(owner, on_waiting=self._send_waiting)
            try:
                await self._send({"op": "started"})
                outcome = await self.threads.run(lambda: session.run(code, stop=stop), stop=stop)
            finally:
                self.sessions.cells.release(owner)
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
        files = await self._with_session(lambda session: session.files())
        await self._send({"op": "files", "files": [[file.name, file.size, file.modified] for file in files]})

    async def _remove(self, header: Header, _body: bytes) -> None:
        name = header["name"]
        await self._with_session(lambda session: session.remove(name))
        await self._send({"op": "ok"})

    async def _end(self, _header: Header, _body: bytes) -> None:
        self.sessions.end(self._entry())
        await self._send({"op": "ok"})

    async def _forget(self, header: Header, _body: bytes) -> None:
        (await self.registry()).forget(header["session"], owner=header["owner"])
        await self._send({"op": "ok"})

    async def _with_session(self, work: Callable[[Session], Any]) -> Any:
        with self._entry().in_use() as session:
            return await self.threads.run(lambda: work(session))

    def _entry(self) -> OpenSession:
        if self.entry is None:
            raise SessionLost(NOT_OPEN)
        return self.entry

    async def _send_waiting(self, ahead: int) -> None:
        await self._send({"op": "waiting", "ahead": ahead})

    async def _refuse(self, refusal: SandboxError) -> None:
        await self._send({"op": "error", "code": refusal.code, "message": refusal.message})

    async def _send(self, header: Header, body: bytes = b"") -> None:
        self.writer.write(protocol.encode(header, body))
        await self.writer.drain()


OPERATIONS: dict[Any, Callable[[BrokerConnection, Header, bytes], Awaitable[None]]] = {
    "status": BrokerConnection._status,
    "open": BrokerConnection._open,
    "run": BrokerConnection._run,
    "put": BrokerConnection._put,
    "get": BrokerConnection._get,
    "list": BrokerConnection._list,
    "remove": BrokerConnection._remove,
    "end": BrokerConnection._end,
    "forget": BrokerConnection._forget,
}
