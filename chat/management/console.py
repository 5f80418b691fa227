"""A chat in a terminal or a pipe, for ``manage.py chat``: one line is one message, answers are printed as they come."""

from __future__ import annotations

import asyncio
import re
import secrets
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress

from chat.actions.conversation import runs, sending
from chat.background.database_threads import in_thread
from chat.engine.follow import ThreadSnapshot, follow, read_run_snapshot
from chat.engine.worker import Worker
from chat.errors import Refusal, WrongRunStatus
from chat.events.types import MESSAGE_DELTA, STREAM_ENDS
from chat.models import Run, RunStatus, Thread
from chat.models.api_objects.objects import Object
from chat.models.threads import texts_of

POLL_INTERVAL = 0.3  # seconds between two looks at the rows
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a model must not steer the terminal
AT_WORK = (RunStatus.QUEUED, RunStatus.IN_PROGRESS, RunStatus.CANCELLING)
REMARKS = {
    RunStatus.CANCELLED: "(stopped)",
    RunStatus.INCOMPLETE: "(cut off: the answer ran into its limit)",
    RunStatus.EXPIRED: "(given up: it took too long)",
}
Write = Callable[[str], None]


class Console:
    """A chat in ``thread``. ``write`` prints pieces of the answer, ``remark`` a line about it."""

    def __init__(self, thread: Thread, *, stream: bool, write: Write, remark: Write) -> None:
        self.thread, self.pieces = thread, stream_answer if stream else poll_answer
        self.write, self.remark = write, remark
        self.run: Run | None = None  # the one that answers now
        self.stopping: asyncio.Future[None] | None = None
        self.failed = False

    async def talk(self, worker: Worker) -> bool:
        """Read and answer until the input ends. Return False if a message was not answered."""
        working = asyncio.create_task(worker.run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self.interrupt)
        try:
            while (line := await asyncio.to_thread(read_line)) is not None:
                if text := line.strip():
                    await self.ask(text)
        finally:
            await worker.stop()
            await working
        return not self.failed

    def interrupt(self) -> None:
        """Stop the answer that is coming: the handler of Ctrl-C."""
        if self.run is not None:
            self.stopping = asyncio.ensure_future(cancel(self.run))
        else:
            self.remark("Ctrl-D or /quit leaves.")

    async def ask(self, text: str) -> None:
        try:
            posted = await in_thread(
                sending.send, self.thread.owner, self.thread.id, text=text, client_key=secrets.token_hex(16)
            )
        except Refusal as refusal:
            self.fail(refusal.message)
            return
        self.run = posted.run
        assert self.run is not None  # nothing else runs on our thread, so the message was not queued
        async with aclosing(self.pieces(self.run)) as pieces:
            async for piece in pieces:
                self.write(CONTROL_CHARACTERS.sub("", piece))
        self.write("\n")
        await self.conclude(await in_thread(Run.objects.get, pk=self.run.pk))
        self.run = None

    async def conclude(self, run: Run) -> None:
        """Print a remark about an end that is not an ordinary one."""
        if run.status == RunStatus.REQUIRES_ACTION:
            calls = run.required_action["submit_tool_outputs"]["tool_calls"] if run.required_action else []
            names = ", ".join(sorted({call["function"]["name"] for call in calls}))
            self.fail(f"The assistant asks for the function {names}, which this console cannot call.")
            await cancel(run)
            async for _piece in poll_answer(run):
                pass
        elif run.status == RunStatus.FAILED:
            self.fail(run.last_error["message"] if run.last_error else "The answer broke off.")
        elif run.status in REMARKS:
            self.remark(REMARKS[RunStatus(run.status)])

    def fail(self, why: str) -> None:
        self.failed = True
        self.remark(why)


def read_line() -> str | None:
    """Return the next line of the input; None at its end or for /quit."""
    try:
        line = input("\nYou: " if sys.stdin.isatty() else "")
    except EOFError:
        return None
    return None if line.strip() == "/quit" else line


async def cancel(run: Run) -> None:
    with suppress(WrongRunStatus):  # it has just ended, or is being stopped already
        await in_thread(runs.cancel, run)


async def stream_answer(run: Run) -> AsyncGenerator[str, None]:
    """Yield the text of ``run`` as it comes, whichever process works on it."""
    lengths: dict[str, int] = {}
    async with aclosing(follow(run.thread_id)) as items:
        async for item in items:
            if isinstance(item, ThreadSnapshot):
                for message in item.messages:
                    yield unseen_text(message["id"], text_of(message), lengths, grows=False)
                ended = item.run is None or item.run["status"] not in AT_WORK
            else:
                for event in item:
                    if event.name == MESSAGE_DELTA:
                        yield unseen_text(event.data["id"], text_of(event.data["delta"]), lengths, grows=True)
                ended = any(event.name in STREAM_ENDS for event in item)
            if ended:
                return


async def poll_answer(run: Run) -> AsyncGenerator[str, None]:
    """Yield the text of ``run`` once it is whole, by polling its rows."""
    snapshot = await in_thread(read_run_snapshot, run.id)
    while snapshot.run is not None and snapshot.run["status"] in AT_WORK:
        await asyncio.sleep(POLL_INTERVAL)
        snapshot = await in_thread(read_run_snapshot, run.id)
    yield "\n\n".join(text_of(message) for message in snapshot.messages)


def unseen_text(id: str, text: str, lengths: dict[str, int], *, grows: bool) -> str:
    """Return the new text of a message: all of ``text`` if the message ``grows`` by it, else its end.

    ``lengths`` are the characters printed, by message; it is updated. A second message begins after an empty line.
    """
    gap = "\n\n" if lengths and id not in lengths and text else ""
    length = lengths.get(id, 0)
    lengths[id] = length + len(text) if grows else len(text)
    return gap + (text if grows else text[length:])


def text_of(parts: Object) -> str:
    return "".join(texts_of(parts["content"]))
