"""The client against a broker of a few lines, whose words are known."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chat.sandbox import protocol
from chat.sandbox.client import Sandbox, sandbox_in
from chat.sandbox.errors import Busy, FileRefused, SandboxError, SandboxUnavailable, SessionLost
from chat.sandbox.protocol import Header, address
from chat.sandbox.state import State, attend, write_state
from chat.sandbox.values import DataFile, Outcome

OPENED: tuple[Header, bytes] = ({"op": "opened", "new": True}, b"")
RESULT: Header = {"op": "result", "status": "ok", "reason": "", "seconds": 0.5}


class Script:
    """Answers each request with the next of ``answers``; None ends the connection. Remembers what it was asked.

    ``heard`` is set when the last answer is given, ``left`` when the connection has ended.
    """

    def __init__(self, *answers: list[tuple[Header, bytes]] | None) -> None:
        self.answers, self.asked = list(answers), list[tuple[Header, bytes]]()
        self.heard, self.left = asyncio.Event(), asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.asked.append(await protocol.read_frame(reader))
                answer = self.answers.pop(0)
                if answer is None:
                    return
                if not self.answers:
                    self.heard.set()
                for header, body in answer:
                    writer.write(protocol.encode(header, body))
        except (EOFError, OSError):
            pass
        finally:
            self.left.set()
            writer.close()


@asynccontextmanager
async def served(script: Script, path: Path) -> AsyncIterator[Sandbox]:
    with address(path) as where:
        server = await asyncio.start_unix_server(script.serve, where)
    try:
        yield Sandbox(path)
    finally:
        server.close()
        if script.asked:
            await script.left.wait()


class TestALease:
    async def test_opens_the_session_of_its_owner(self, tmp_path: Path) -> None:
        script = Script([OPENED])
        async with served(script, tmp_path / "s") as sandbox, sandbox.lease("thread_1", owner="ada", id="x") as lease:
            assert lease.is_new
        assert script.asked == [({"op": "open", "session": "thread_1", "owner": "ada", "id": "x"}, b"")]

    async def test_tells_how_many_are_ahead(self, tmp_path: Path) -> None:
        told: list[int] = []

        async def hear(ahead: int) -> None:
            told.append(ahead)

        waiting = [({"op": "waiting", "ahead": ahead}, b"") for ahead in (2, 1, 0)]
        script = Script([*waiting, OPENED])
        async with served(script, tmp_path / "s") as sandbox, sandbox.lease("t", owner="ada", on_waiting=hear):
            pass
        assert told == [2, 1, 0]

    async def test_ends_its_connection_when_it_is_left(self, tmp_path: Path) -> None:
        script = Script([OPENED])
        async with served(script, tmp_path / "s") as sandbox:
            async with sandbox.lease("t", owner="ada"):
                assert not script.left.is_set()
            await script.left.wait()

    async def test_reaches_a_socket_whose_path_is_too_long_for_the_kernel(self, tmp_path: Path) -> None:
        deep = tmp_path / ("deep" * 25)
        deep.mkdir()
        async with served(Script([OPENED]), deep / "s") as sandbox, sandbox.lease("t", owner="ada") as lease:
            assert lease.is_new

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("unavailable", SandboxUnavailable),
            ("busy", Busy),
            ("file", FileRefused),
            ("?", SandboxError),
        ],
    )
    async def test_raises_what_the_broker_refuses_with(
        self, tmp_path: Path, code: str, kind: type[SandboxError]
    ) -> None:
        refusal = {"op": "error", "code": code, "message": "No."}
        async with served(Script([(refusal, b"")]), tmp_path / "s") as sandbox:
            with pytest.raises(kind, match=r"No\."):
                async with sandbox.lease("t", owner="ada"):
                    pass


class TestACell:
    async def test_comes_back_with_its_output_and_pictures(self, tmp_path: Path) -> None:
        pictures = [({"op": "image"}, b"one"), ({"op": "image"}, b"two")]
        script = Script([OPENED], [({"op": "started"}, b""), *pictures, (RESULT, "é\n".encode())])
        async with served(script, tmp_path / "s") as sandbox, sandbox.lease("t", owner="ada") as lease:
            assert await lease.run("print('é')") == Outcome("ok", "é\n", (b"one", b"two"), "", 0.5)
        assert script.asked[1] == ({"op": "run"}, "print('é')".encode())

    async def test_of_broken_text_is_sent_all_the_same(self, tmp_path: Path) -> None:
        script = Script([OPENED], [(RESULT, b"")])
        async with served(script, tmp_path / "s") as sandbox, sandbox.lease("t", owner="ada") as lease:
            await lease.run("'\ud800'")
        assert script.asked[1][1] == b"'?'"

    async def test_that_is_cancelled_ends_the_connection_although_the_lease_is_held(self, tmp_path: Path) -> None:
        script = Script([OPENED], [({"op": "started"}, b"")])
        async with served(script, tmp_path / "s") as sandbox, sandbox.lease("t", owner="ada") as lease:
            running = asyncio.ensure_future(lease.run("while True: pass"))
            await script.heard.wait()
            running.cancel()
            await script.left.wait()
            with pytest.raises(SessionLost):
                await lease.run("1")

    async def test_is_lost_with_the_broker(self, tmp_path: Path) -> None:
        script = Script([OPENED], None)
        async with served(script, tmp_path / "s") as sandbox, sandbox.lease("t", owner="ada") as lease:
            with pytest.raises(SessionLost, match="it starts anew"):
                await lease.run("1")


class TestFiles:
    async def test_are_put_in_parts(self, tmp_path: Path) -> None:
        content = b"x" * (protocol.CHUNK + 1)
        script = Script([OPENED], [({"op": "ok"}, b"")], [({"op": "ok"}, b"")])
        async with served(script, tmp_path / "s") as sandbox, sandbox.lease("t", owner="ada") as lease:
            await lease.put("a/b.bin", io.BytesIO(content))
        (first, one), (second, two) = script.asked[1:]
        assert (first["name"], first["offset"], second["offset"]) == ("a/b.bin", 0, protocol.CHUNK)
        assert one + two == content

    async def test_that_are_empty_are_put_too(self, tmp_path: Path) -> None:
        script = Script([OPENED], [({"op": "ok"}, b"")])
        async with served(script, tmp_path / "s") as sandbox, sandbox.lease("t", owner="ada") as lease:
            await lease.put("empty.txt", io.BytesIO())
        assert script.asked[1:] == [({"op": "put", "name": "empty.txt", "offset": 0}, b"")]

    async def test_are_fetched_part_by_part_until_one_is_empty(self, tmp_path: Path) -> None:
        parts = [[({"op": "chunk"}, part)] for part in (b"one", b"two", b"")]
        script = Script([OPENED], *parts)
        async with served(script, tmp_path / "s") as sandbox, sandbox.lease("t", owner="ada") as lease:
            assert [part async for part in lease.get("f", most=6)] == [b"one", b"two"]
        assert [header["offset"] for header, _ in script.asked[1:]] == [0, 3, 6]

    async def test_are_listed(self, tmp_path: Path) -> None:
        script = Script([OPENED], [({"op": "files", "files": [["a.csv", 3, 7]]}, b"")])
        async with served(script, tmp_path / "s") as sandbox, sandbox.lease("t", owner="ada") as lease:
            assert await lease.files() == [DataFile("a.csv", 3, 7)]


class TestWithoutABroker:
    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            (State("preparing", progress=0.404), r"being prepared \(40 %\)"),
            (State("starting"), "is starting"),
            (State("refused", "Nothing isolates."), r"Nothing isolates\."),
            (State("failed", "No space."), r"could not be started\. No space\."),
            (State("off"), "switched off"),
        ],
    )
    async def test_the_reason_is_told(self, tmp_path: Path, state: State, reason: str) -> None:
        attend(tmp_path)
        write_state(tmp_path, state)
        with pytest.raises(SandboxUnavailable, match=reason):
            async with sandbox_in(tmp_path).lease("t", owner="ada"):
                pass

    async def test_what_a_dead_server_wrote_is_not_believed(self, tmp_path: Path) -> None:
        write_state(tmp_path, State("preparing", progress=0.4))
        with pytest.raises(SandboxUnavailable, match="no server of this data folder"):
            await sandbox_in(tmp_path).status()

    async def test_nothing_more_is_known_of_one_elsewhere(self, tmp_path: Path) -> None:
        with pytest.raises(SandboxUnavailable, match="is not running"):
            await Sandbox(tmp_path / "none").status()

    async def test_that_opens_the_session_it_is_not_there(self, tmp_path: Path) -> None:
        async with served(Script(None), tmp_path / "s") as sandbox:
            with pytest.raises(SandboxUnavailable):
                async with sandbox.lease("t", owner="ada"):
                    pass
