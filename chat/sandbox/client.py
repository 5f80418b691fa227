"""The server's client of the broker: a connection is the lease of a session.

Cancelling the task that awaits an answer ends the connection; the broker then stops the cell within a second.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from chat.sandbox import protocol
from chat.sandbox.errors import Busy, FileRefused, SandboxError, SandboxUnavailable, SessionLost
from chat.sandbox.protocol import CHUNK, Header
from chat.sandbox.state import SOCKET, read_state
from chat.sandbox.values import DataFile, Outcome

OnWaiting = Callable[[int], Awaitable[None]]
"""Awaited with how many requests are ahead, again when that changes."""

OnFrame = Callable[[Header, bytes], Awaitable[None]]

INTERIM = ("waiting", "started", "image")
"""Operations of the frames that come before the answer."""

ERRORS: dict[str, type[SandboxError]] = {
    kind.code: kind for kind in (SandboxUnavailable, Busy, SessionLost, FileRefused)
}
FORGET_SECONDS = 2.0
ANSWER_SECONDS = 10.0  # for what takes the broker no time
GONE = "The code interpreter stopped. Variables and files of the session are lost; it starts anew."
NOT_THERE = "The code interpreter is not running."
TOO_LONG = f"The code is longer than {protocol.MAX_BODY >> 20} MB."


def sandbox_in(folder: Path, *, socket: Path | None = None) -> Sandbox:
    """Return the sandbox whose state lies in ``folder``; ``socket`` names a broker that runs elsewhere."""
    return Sandbox(socket or folder / SOCKET, folder=folder)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The broker behind ``socket``. ``folder`` has the state that explains its absence. Any event loop may use it."""

    socket: Path
    folder: Path | None = None

    @asynccontextmanager
    async def lease(
        self, session: str, *, owner: str, id: str | None = None, on_waiting: OnWaiting | None = None
    ) -> AsyncIterator[Lease]:
        """Yield a lease of the session of that name, made if it does not exist; no other lease has it meanwhile.

        One with another id than ``id`` is ended and made anew; None: any will do.
        Raise ``SandboxUnavailable`` or ``Busy``.
        """

        async def report_waiting(header: Header, _body: bytes) -> None:
            if on_waiting is not None and header["op"] == "waiting":
                await on_waiting(int(header["ahead"]))

        async with self._connected() as channel:
            opening = {"op": "open", "session": session, "owner": owner, "id": id}
            try:
                answer, _ = await channel.ask(opening, on_frame=report_waiting)
            except SessionLost:
                raise SandboxUnavailable(self._absence()) from None
            yield Lease(channel, is_new=bool(answer.get("new")), id=str(answer.get("id", "")))

    async def status(self) -> dict[str, Any]:
        """Return the status that ``chat.sandbox.broker.broker`` lists. Raise ``SandboxUnavailable``."""
        async with self._connected() as channel:
            try:
                answer, _ = await asyncio.wait_for(channel.ask({"op": "status"}), ANSWER_SECONDS)
            except (TimeoutError, SessionLost):
                raise SandboxUnavailable(NOT_THERE) from None
        return answer

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Channel]:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.setblocking(False)
            with protocol.address(self.socket) as path:
                await asyncio.get_running_loop().sock_connect(connection, path)
            reader, writer = await asyncio.open_unix_connection(sock=connection)
        except OSError:
            connection.close()
            raise SandboxUnavailable(self._absence()) from None
        except BaseException:
            connection.close()
            raise
        try:
            yield Channel(reader, writer)
        finally:
            writer.transport.abort()

    def _absence(self) -> str:
        return (read_state(self.folder).sentence if self.folder else "") or NOT_THERE


@dataclass(frozen=True, slots=True)
class Channel:
    """A connection to the broker."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: Header, body: bytes = b"", *, on_frame: OnFrame | None = None) -> tuple[Header, bytes]:
        """Return the last frame that answers ``request``; ``on_frame`` is awaited with those before it.

        Raise the broker's refusal, and ``SessionLost`` when the broker is gone.
        """
        try:
            if self.writer.transport.is_closing():
                raise EOFError
            self.writer.write(protocol.encode(request, body))
            await self.writer.drain()
            while (answer := await protocol.read_frame(self.reader))[0].get("op") in INTERIM:
                if on_frame is not None:
                    await on_frame(*answer)
        except (EOFError, OSError, protocol.BadFrame):
            self.writer.transport.abort()
            raise SessionLost(GONE) from None
        except BaseException:
            self.writer.transport.abort()
            raise
        header = answer[0]
        if header.get("op") == "error":
            raise ERRORS.get(str(header.get("code")), SandboxError)(str(header.get("message")))
        return answer


@dataclass(frozen=True, slots=True)
class Lease:
    """A session that no other lease has meanwhile. ``is_new``: it has no variables and files yet.

    ``id`` is the session's own: a session that takes its place, here or on another machine, has another.

    All methods raise ``SessionLost`` when the session is gone; a new lease has a new one.
    """

    channel: Channel
    is_new: bool
    id: str

    async def run(
        self, code: str, *, on_waiting: OnWaiting | None = None, on_start: Callable[[], Awaitable[None]] | None = None
    ) -> Outcome:
        """Run a cell; raise ``Busy``. ``on_waiting`` is awaited while all cores are busy, ``on_start`` at its start."""
        images: list[bytes] = []

        async def handle(header: Header, body: bytes) -> None:
            if header["op"] == "image":
                images.append(body)
            elif header["op"] == "started" and on_start is not None:
                await on_start()
            elif header["op"] == "waiting" and on_waiting is not None:
                await on_waiting(int(header["ahead"]))

        source = code.encode(errors="replace")
        if len(source) > protocol.MAX_BODY:
            raise SandboxError(TOO_LONG)
        answer, logs = await self.channel.ask({"op": "run"}, source, on_frame=handle)
        return Outcome(
            status=answer["status"],
            logs=logs.decode(errors="replace"),
            images=tuple(images),
            reason=answer["reason"],
            seconds=answer["seconds"],
        )

    async def put(self, name: str, stream: BinaryIO) -> None:
        """Write what is in ``stream`` to ``/mnt/data/<name>``, over any file of that name. Raise ``FileRefused``."""
        offset = 0
        while (part := await asyncio.to_thread(stream.read, CHUNK)) or not offset:
            await self.channel.ask({"op": "put", "name": name, "offset": offset}, part)
            offset += len(part)
            if not part:
                return

    async def get(self, name: str, *, most: int) -> AsyncGenerator[bytes, None]:
        """Yield ``/mnt/data/<name>`` in parts. Raise ``FileRefused``, also for more than ``most`` bytes."""
        # Nothing that a session says of a file, its size for one, can be relied on.
        offset = 0
        while part := (await self.channel.ask({"op": "get", "name": name, "offset": offset}))[1]:
            offset += len(part)
            if offset > most:
                raise FileRefused(f"It grew while it was read: more than {most} bytes.")
            yield part

    async def files(self) -> list[DataFile]:
        """Return the regular files in ``/mnt/data``."""
        answer, _ = await self.channel.ask({"op": "list"})
        return [DataFile(name, size, modified) for name, size, modified in answer["files"]]

    async def remove(self, name: str) -> None:
        """Remove ``/mnt/data/<name>``. Raise ``FileRefused``."""
        await self.channel.ask({"op": "remove", "name": name})

    async def end(self) -> None:
        """End the session for good."""
        await self.channel.ask({"op": "end"})


def status_now(sandbox: Sandbox) -> dict[str, Any]:
    """Return ``sandbox.status()`` to a thread without an event loop."""
    return asyncio.run(sandbox.status())


def forget(sandbox: Sandbox, session: str, *, owner: str) -> None:
    """End the session of that name, if it exists. Blocks for a moment, and does not raise when no broker answers."""
    with socket.socket(socket.AF_UNIX) as connection, suppress(OSError, EOFError, protocol.BadFrame):
        connection.settimeout(FORGET_SECONDS)
        with protocol.address(sandbox.socket) as path:
            connection.connect(path)
        protocol.send(connection, {"op": "forget", "session": session, "owner": owner})
        protocol.receive(connection)


def try_out(sandbox: Sandbox, code: str, *, owner: str) -> Outcome:
    """Run ``code`` in a session of its own that ends with it; for a thread without an event loop."""

    async def run() -> Outcome:
        async with sandbox.lease("trial", owner=owner) as lease:
            outcome = await lease.run(code)
            if outcome.status != "died":
                await lease.end()
            return outcome

    return asyncio.run(run())
