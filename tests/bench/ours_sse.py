"""Everthread's API as a target: ``POST /v1/threads/{id}/runs`` with ``"stream": true``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.bench.load import Connection, Work, open_events, post
from tests.bench.ours import Everthread
from tests.bench.stamps import Tally

_DELTA = b"event: thread.message.delta\n"
_BROKEN = (b"event: error\n", b"event: thread.run.failed\n")
_PREPARED = """
from chat.actions.conversation import messages, threads
from chat.models import Assistant, User
user, assistant = User.objects.get(username="admin"), Assistant.objects.first()
print(assistant.id)
for _ in range({count}):
    thread = threads.create(user, assistant=assistant)
    messages.create(user, thread.id, content="Hello")
    print(thread.id)
"""


class RunStreams:
    """The same process as ``ours``; a message waits on each thread."""

    name = "ours-sse"

    def __init__(self, ours: Everthread) -> None:
        self._ours = ours
        self._assistant = ""
        self._threads: list[str] = []

    @property
    def pid(self) -> int | None:
        return self._ours.pid

    async def prepare(self, work: Work) -> None:
        """New threads, made before the clock runs."""
        printed = await asyncio.to_thread(self._ours.shell, _PREPARED.format(count=work.chats))
        self._assistant, *self._threads = printed.split()[-work.chats - 1 :]

    async def connect(self, number: int, work: Work, tally: Tally) -> Connection:
        """A program that will start a run with the mock's model."""
        request = post(
            f"/v1/threads/{self._threads[number]}/runs",
            {"assistant_id": self._assistant, "model": work.model, "stream": True},
            headers=f"Authorization: Bearer {self._ours.key}\r\nOpenAI-Beta: assistants=v2\r\n",
        )
        return await open_events(self._ours.port, texts(tally), request=request)


def texts(tally: Tally) -> Callable[[bytes], None]:
    """Feeds ``tally`` from the deltas alone: the end of the answer tells its whole text again."""

    def hear(event: bytes) -> None:
        if _DELTA in event:
            tally.feed(event)
        elif any(name in event for name in _BROKEN):
            raise RuntimeError(f"the run broke: {event.decode()}")

    return hear
