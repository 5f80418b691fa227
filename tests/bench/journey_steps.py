"""The four journeys, as people and programs make them, in one process. Import this after ``django.setup()``."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient
from django.urls import reverse

from chat.actions.access import api_keys
from chat.actions.conversation import sending, threads
from chat.engine.worker import Worker
from chat.models import Assistant, Kind, Provider, Thread, User
from chat.retrieval.indexing.worker import IndexingWorker
from chat.sandbox.environment import build
from chat.sandbox.libraries import PRELOAD
from config.asgi import application
from tests.bench.journey_tracer import Trace, Tracer
from tests.documents import samples
from tests.engine.stage import in_thread, until
from tests.sandbox.brokers import broker
from tests.sandbox.python import PLACE

PATIENCE = 60  # seconds
TEXT = "/say Paris is the capital of France.\n\nIt lies on the Seine, and some two million people live in it."
QUESTION = "/search How much citric acid?"
CODE = "/python print(6 * 7)"
PAGES = [["Descaling", "Dissolve two spoons of citric acid in one litre of water."], ["Never use vinegar."]]


class Person:
    """A user who is signed in, with an API key, and an assistant whose answers are scripted."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        Provider.objects.create(name="scripted", kind=Kind.SCRIPTED, default_model="scripted").make_default()
        self.user = User.objects.create_user(username="ada")
        self.assistant = Assistant.objects.create(owner=self.user, name="Helper", instructions="Be brief.")
        self.key = api_keys.create(self.user, name="bench")[1]
        self.client = AsyncClient()
        self.client.force_login(self.user)

    async def new_thread(self, *tools: str) -> Thread:
        self.assistant.tools = [{"type": tool} for tool in tools]
        await self.assistant.asave(update_fields=["tools"])
        return await in_thread(threads.create)(self.user, assistant=self.assistant)

    @asynccontextmanager
    async def page(self, thread: Thread) -> AsyncIterator[WebsocketCommunicator]:
        """Open the socket of a page that shows ``thread``."""
        cookie = f"{settings.SESSION_COOKIE_NAME}={self.client.cookies[settings.SESSION_COOKIE_NAME].value}"
        headers = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"cookie", cookie.encode())]
        socket = WebsocketCommunicator(application, f"/ws/chat/{thread.id}/?language=en", headers=headers)
        await socket.connect(timeout=PATIENCE)
        await socket.send_to(text_data=json.dumps({"type": "have"}))
        await socket.receive_from(timeout=PATIENCE)
        try:
            yield socket
        finally:
            await socket.disconnect(timeout=PATIENCE)

    async def send(self, thread: Thread, text: str, **fields: str) -> None:
        """Post the form of the composer."""
        form = {"text": text, "client_key": secrets.token_urlsafe(18), **fields}
        with self.tracer.sending():
            reply = await self.client.post(
                reverse("message-send", args=[thread.id]), form, headers={"hx-request": "true"}
            )
        assert reply.status_code == 200, reply.content

    async def read(self, socket: WebsocketCommunicator, *, expected: str) -> None:
        """Receive frames until the page shows the whole answer. Fail if ``expected`` is not in them."""
        shown = ""
        while "The answer is complete." not in shown:
            shown += await socket.receive_from(timeout=PATIENCE)
        assert expected in shown, shown


async def message(person: Person) -> Trace:
    """A message is typed on the page; its answer is painted, piece by piece and then whole."""
    thread = await person.new_thread()
    async with person.page(thread) as socket:
        with person.tracer.recording() as trace:
            await person.send(thread, TEXT)
            await person.read(socket, expected="two million")
    return trace


async def run(person: Person) -> Trace:
    """A program runs an assistant on a thread that has a message, and reads the stream to its end."""
    thread = await person.new_thread()
    await in_thread(sending.post)(thread.owner, thread.id, content=TEXT)
    headers = {"authorization": f"Bearer {person.key}", "openai-beta": "assistants=v2"}
    body = json.dumps({"assistant_id": person.assistant.id, "stream": True})
    client, path = AsyncClient(), f"/v1/threads/{thread.id}/runs"
    with person.tracer.recording() as trace:
        with person.tracer.sending():
            reply: Any = await client.post(path, body, content_type="application/json", headers=headers)
        assert reply.status_code == 200, reply
        stream = b"".join([chunk async for chunk in reply.streaming_content])
    assert stream.endswith(b"data: [DONE]\n\n"), stream
    return trace


async def pdf(person: Person) -> Trace:
    """A PDF is attached on the page and asked about; it is read, searched and cited."""
    thread = await person.new_thread()
    content = samples.pdf(list(map(samples.prose, PAGES)), extra=f"/ID[<{secrets.token_hex(8)}><>]")  # no file twice
    upload = SimpleUploadedFile("handbook.pdf", content, "application/pdf")
    async with person.page(thread) as socket:
        with person.tracer.recording() as trace:
            reply = await person.client.post(reverse("file-upload"), {"upload": upload}, headers={"hx-request": "true"})
            (file_id,) = re.findall(r'value="(file-[^"]+)"', reply.content.decode())
            await person.send(thread, QUESTION, file=file_id)
            await person.read(socket, expected="handbook.pdf")
    return trace


async def cell(person: Person) -> Trace:
    """Code is written, run in the sandbox, and its output is on the page and in the answer."""
    thread = await person.new_thread("code_interpreter")
    async with person.page(thread) as socket:
        with person.tracer.recording() as trace:
            await person.send(thread, CODE)
            await person.read(socket, expected="42")
    return trace


JOURNEYS: dict[str, Callable[[Person], Awaitable[Trace]]] = {"message": message, "run": run, "pdf": pdf, "cell": cell}


def trace(name: str, person: Person, folder: Path) -> Trace:
    """Make the journey twice, and return the trace of the second. Its workers keep their files in ``folder``."""
    needs_sandbox = name == "cell"
    python = build.prepare(PLACE, progress=lambda done, sentence: None) if needs_sandbox else PLACE
    with broker(python, folder / "sandbox", preload=PRELOAD) if needs_sandbox else nullcontext() as running:
        settings.EVERTHREAD_SANDBOX_SOCKET = running.options.socket if running else None
        return asyncio.run(_traced(JOURNEYS[name], person, folder, reads_files=name == "pdf"))


async def _traced(
    journey: Callable[[Person], Awaitable[Trace]], person: Person, folder: Path, *, reads_files: bool
) -> Trace:
    worker = Worker(folder=folder / "workers", limit=10, after_run=sending.post_next)
    workers: list[Worker | IndexingWorker] = [
        worker,
        *([IndexingWorker(folder=folder / "ingestion")] if reads_files else []),
    ]
    tasks = [asyncio.create_task(each.run()) for each in workers]
    try:
        for _round in ("warm-up", "measured"):
            trace = await journey(person)
            await until(lambda: not worker.jobs, what="the end of the run")
        return trace
    finally:
        for each in workers:
            await each.stop()
        await asyncio.gather(*tasks)
