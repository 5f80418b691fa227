"""The way from the server to the broker. One connection is one lease of one session.

Whoever breaks off an exchange, by cancelling the task that awaits it, ends the connection: the broker then stops the
cell within a second.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from chat.sandbox import protocol
from chat.sandbox.errors import Busy, FileRefused, SandboxError, SessionLost, Unavailable
from chat.sandbox.protocol import CHUNK, Header, address
from chat.sandbox.state import SOCKET, state
from chat.sandbox.values import Entry, Outcome

Waiting = Callable[[int], Awaitable[None]]
Meanwhile = Callable[[Header, bytes], Awaitable[None]]

ERRORS: dict[str, type[SandboxError]] = {kind.code: kind for kind in (Unavailable, Busy, SessionLost, FileRefused)}
FORGET_SECONDS = 2.0
ANSWER_SECONDS = 10.0  # for what takes the broker no time
GONE = "The code interpreter stopped. Variables and files of the session are lost; it starts anew."
NOT_THERE = "The code interpreter is not running."
TOO_LONG = f"The code is longer than {protocol.MAX_BODY >> 20} MB."


def here(folder: Path, *, socket: Path | None = None) -> Sandbox:
    """The sandbox whose state lies in ``folder``, of a data folder; ``socket`` names a broker that runs elsewhere."""
    return Sandbox(socket or folder / SOCKET, folder=folder)


class Sandbox:
    """The broker behind ``socket``. ``folder`` has the state that explains its absence. Belongs to no event loop."""

    def __init__(self, socket: Path, *, folder: Path | None = None) -> None:
        self.socket, self.folder = socket, folder

    @asynccontextmanager
    async def lease(self, session: str, *, owner: str, waiting: Waiting | None = None) -> AsyncIterator[Lease]:
        """The session of that name, made if it is not there, for nobody else meanwhile.

        ``waiting`` is told how many are ahead while all places are taken. Raises ``Unavailable``, ``Busy``.
        """
        async with self._connected() as channel:
            opening = {"op": "open", "session": session, "owner": owner}
            try:
                answer, _ = await channel.ask(opening, meanwhile=_telling(waiting))
            except SessionLost:
                raise Unavailable(self._why()) from None
            yield Lease(channel, is_new=bool(answer.get("new")))

    async def status(self) -> dict[str, Any]:
        """What the broker says of itself: ``chat.sandbox.broker.broker`` lists it. Raises ``Unavailable``."""
        async with self._connected() as channel:
            try:
                answer, _ = await asyncio.wait_for(channel.ask({"op": "status"}), ANSWER_SECONDS)
            except (TimeoutError, SessionLost):
                raise Unavailable(NOT_THERE) from None
        return answer

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Channel]:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.setblocking(False)
            with address(self.socket) as where:
                await asyncio.get_running_loop().sock_connect(connection, where)
            reader, writer = await asyncio.open_unix_connection(sock=connection)
        except OSError:
            connection.close()
            raise Unavailable(self._why()) from None
        except BaseException:
            connection.close()
            raise
        try:
            yield Channel(reader, writer)
        finally:
            writer.transport.abort()

    def _why(self) -> str:
        return (state(self.folder).sentence if self.folder else "") or NOT_THERE


class Channel:
    """A connection to the broker."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(
        self, request: Header, body: bytes = b"", *, meanwhile: Meanwhile | None = None
    ) -> tuple[Header, bytes]:
        """The last frame that answers ``request``; those before it go to ``meanwhile``.

        Raises what the broker refuses with, and ``SessionLost`` when the broker is gone.
        """
        try:
            header, body = await self._exchange(request, body, meanwhile)
        except (EOFError, OSError, protocol.BadFrame):
            self._writer.transport.abort()
            raise SessionLost(GONE) from None
        except BaseException:
            self._writer.transport.abort()
            raise
        if header.get("op") == "error":
            raise ERRORS.get(str(header.get("code")), SandboxError)(str(header.get("message")))
        return header, body

    async def _exchange(self, request: Header, body: bytes, meanwhile: Meanwhile | None) -> tuple[Header, bytes]:
        if self._writer.transport.is_closing():
            raise EOFError
        self._writer.write(protocol.packed(request, body))
        await self._writer.drain()
        while True:
            header, body = await protocol.read(self._reader)
            if header.get("op") not in ("waiting", "started", "image"):
                return header, body
            if meanwhile is not None:
                await meanwhile(header, body)


class Lease:
    """A session of one's own for a while. ``is_new``: it has no variables and files yet.

    All methods raise ``SessionLost`` when the session is gone; a new lease has a new one.
    """

    def __init__(self, channel: Channel, *, is_new: bool) -> None:
        self._channel, self.is_new = channel, is_new

    async def run(
        self, code: str, *, waiting: Waiting | None = None, started: Callable[[], Awaitable[None]] | None = None
    ) -> Outcome:
        """Run a cell. ``waiting`` is told how many are ahead while all cores are busy, ``started`` when it begins.

        Raises ``Busy``.
        """
        images: list[bytes] = []
        tell = _telling(waiting)

        async def meanwhile(header: Header, body: bytes) -> None:
            if header["op"] == "image":
                images.append(body)
            elif header["op"] == "started" and started is not None:
                await started()
            await tell(header, body)

        source = code.encode(errors="replace")
        if len(source) > protocol.MAX_BODY:
            raise SandboxError(TOO_LONG)
        answer, logs = await self._channel.ask({"op": "run"}, source, meanwhile=meanwhile)
        return Outcome(
            status=answer["status"],
            logs=logs.decode(errors="replace"),
            images=tuple(images),
            reason=answer["reason"],
            seconds=answer["seconds"],
        )

    async def put(self, name: str, stream: BinaryIO) -> None:
        """Write what is in ``stream`` to ``/mnt/data/<name>``, over what is there. Raises ``FileRefused``."""
        offset = 0
        while (part := await asyncio.to_thread(stream.read, CHUNK)) or not offset:
            await self._channel.ask({"op": "put", "name": name, "offset": offset}, part)
            offset += len(part)
            if not part:
                return

    async def get(self, name: str, *, most: int) -> AsyncGenerator[bytes, None]:
        """What is in ``/mnt/data/<name>``, in parts. Raises ``FileRefused``, also for more than ``most`` bytes: what a
        session says of a file is only what it says.
        """
        offset = 0
        while part := (await self._channel.ask({"op": "get", "name": name, "offset": offset}))[1]:
            offset += len(part)
            if offset > most:
                raise FileRefused(f"It grew while it was read: more than {most} bytes.")
            yield part

    async def files(self) -> list[Entry]:
        """The regular files in ``/mnt/data``."""
        answer, _ = await self._channel.ask({"op": "list"})
        return [Entry(name, size, modified) for name, size, modified in answer["files"]]

    async def remove(self, name: str) -> None:
        """Remove ``/mnt/data/<name>``. Raises ``FileRefused``."""
        await self._channel.ask({"op": "remove", "name": name})

    async def end(self) -> None:
        """End the session for good."""
        await self._channel.ask({"op": "end"})


def status_now(sandbox: Sandbox) -> dict[str, Any]:
    """``sandbox.status()`` for a thread without an event loop."""
    return asyncio.run(sandbox.status())


def forget(sandbox: Sandbox, session: str, *, owner: str) -> None:
    """End the session of that name if there is one; blocks for a moment, and never raises for want of a broker."""
    with socket.socket(socket.AF_UNIX) as connection, suppress(OSError, EOFError, protocol.BadFrame):
        connection.settimeout(FORGET_SECONDS)
        with address(sandbox.socket) as where:
            connection.connect(where)
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


def _telling(waiting: Waiting | None) -> Meanwhile:
    async def tell(header: Header, _body: bytes) -> None:
        if waiting is not None and header["op"] == "waiting":
            await waiting(int(header["ahead"]))

    return tell
