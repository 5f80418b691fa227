"""Everthread as a target: ``manage.py serve`` on a data folder of its own, measured through the socket for programs."""

from __future__ import annotations

import asyncio
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench.load import PATIENCE, Socket, Work, open_socket
from tests.bench.stamps import Tally
from tests.live import LiveServer

MOST_RUNS = "1000"  # at once, so that no load waits for a place
_DELTA = b'"event":"thread.message.delta"'
_SIGN_IN = """
from chat.actions.access import api_keys
from chat.models import User
print(api_keys.create(User.objects.get(username="admin"), name="bench")[1])
"""
_THREADS = """
from chat.actions.conversation import threads
from chat.models import Assistant, User
user, assistant = User.objects.get(username="admin"), Assistant.objects.first()
for _ in range({count}):
    print(threads.create(user, assistant=assistant).id)
"""
_TEXT = """
from chat.models import Message, Run
run = Run.objects.get(thread_id={thread!r})
print(run.status)
print(Message.objects.get(run=run).text)
"""


class Everthread:
    """Sign-in, storage and all. Every load gets new threads, so that none carries the answers of the one before."""

    name = "ours"

    def __init__(self, server: LiveServer, key: str) -> None:
        assert server.process is not None
        self.pid: int | None = server.process.pid
        self._server = server
        self.key = key
        self._threads: list[str] = []

    @classmethod
    def start(cls, stack: ExitStack, upstream: int) -> Everthread:
        """Serve answers of the mock on port ``upstream`` until ``stack`` closes."""
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="everthread-bench-"))
        address = f"http://127.0.0.1:{upstream}/v1"
        server = LiveServer(
            Path(folder), OPENAI_BASE_URL=address, EVERTHREAD_MAX_RUNS=MOST_RUNS, EVERTHREAD_API_RUNS="0"
        )
        stack.enter_context(server)
        return cls(server, server.shell(_SIGN_IN).split()[-1])

    async def prepare(self, work: Work) -> None:
        """New threads, made before the clock runs."""
        code = _THREADS.format(count=work.chats)
        self._threads = (await asyncio.to_thread(self.shell, code)).split()[-work.chats :]

    async def connect(self, number: int, work: Work, tally: Tally, *, buffer: int | None = None) -> Program:
        """A program that has seen the thread as it is, and will send a message. ``buffer`` as in ``open_socket``."""
        program = Program(self._threads[number], tally)
        seen = program.expect("snapshot")
        program.socket = await open_socket(
            f"ws://127.0.0.1:{self.port}/ws/threads/{program.thread}/",
            program.hear,
            first=json.dumps({"type": "send_message", "content": "Hello", "run": {"model": work.model}}),
            headers={"Authorization": f"Bearer {self.key}"},
            buffer=buffer,
        )
        await asyncio.wait_for(seen, PATIENCE)
        return program

    @property
    def port(self) -> int:
        return self._server.port

    def shell(self, code: str) -> str:
        """Run Python code with the models at hand, and return what it printed."""
        return self._server.shell(code)

    def restart(self) -> None:
        """As after a power cut."""
        self._server.kill()
        self._server.start()
        assert self._server.process is not None
        self.pid = self._server.process.pid

    def stored(self, thread: str) -> tuple[str, str]:
        """Status and text of the thread's only run."""
        status, text = self.shell(_TEXT.format(thread=thread)).strip().split("\n", 1)
        return status, text


class Program:
    """A client of the socket for programs. Frames of text are counted and not decoded, to keep the client light."""

    socket: Socket

    def __init__(self, thread: str, tally: Tally) -> None:
        self.thread = thread
        self.run = ""
        self.tally = tally
        self._expected: dict[str, asyncio.Future[None]] = {}

    def hear(self, frame: bytes) -> None:
        if _DELTA in frame:
            self.tally.feed(frame)
            self._came("thread.message.delta")
            return
        said = json.loads(frame)
        if said["type"] == "error":
            raise RuntimeError(f"the server refused: {said['error']['message']}")
        if said["type"] == "snapshot":
            self.tally.feed(frame, repeats=True)
        self.run = (said.get("run") or {}).get("id") or self.run
        self._came(said.get("event", said["type"]))

    def expect(self, event: str) -> asyncio.Future[None]:
        """Done with the next frame of this type, or that tells this event."""
        return self._expected.setdefault(event, asyncio.get_running_loop().create_future())

    def start(self) -> None:
        self.socket.start()

    def stop(self) -> None:
        """Ask for the run to be cancelled."""
        self.socket.send(json.dumps({"type": "cancel_run", "run_id": self.run}))

    def close(self) -> None:
        self.socket.close()

    def _came(self, event: str) -> None:
        if expected := self._expected.pop(event, None):
            expected.set_result(None)
