"""What programs do while faults come: chats, code, cancels and uploads, each noting what was acknowledged."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.management.test_work import ENDED, HEADERS

TRIES, PAUSE = 60, 0.5  # of one request, and seconds between two; a server is away for half as long
POLL = 1.0  # seconds between two looks at a run
PART = 70_000  # bytes
PATIENCE = 120.0  # seconds that a stream may go on, of answers that take four, after the death of their worker at most
Json = dict[str, Any]


@dataclass
class Acknowledged:
    """What the servers have said that they did: ids, and what belongs to them."""

    messages: dict[str, dict[str, str]] = field(default_factory=dict)  # by thread and message: the text
    runs: dict[str, list[str]] = field(default_factory=dict)  # by thread
    files: dict[str, bytes] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)  # the path of an entry of a store: a word of its text
    counts: Counter[str] = field(default_factory=Counter)


class Client:
    """A program that asks any of the servers, and asks again, with the same key, while one is away."""

    def __init__(self, urls: list[str], *, key: str, dice: random.Random) -> None:
        self.urls, self.dice = urls, dice
        self.http = httpx2.AsyncClient(
            headers={**HEADERS, "Authorization": f"Bearer {key}"}, timeout=30, limits=httpx2.Limits(max_connections=100)
        )

    def url(self, path: str) -> str:
        return f"{self.dice.choice(self.urls)}/v1{path}"

    async def ask(self, method: str, path: str, **body: Any) -> httpx2.Response | None:
        """Return the answer, which may be a refusal; None if nobody said what became of the request."""
        headers = {"Idempotency-Key": f"{self.dice.getrandbits(64):x}"} if method == "POST" else {}
        for _attempt in range(TRIES):
            with suppress(httpx2.HTTPError):
                reply = await self.http.request(method, self.url(path), headers=headers, **body)
                if reply.status_code < 500 and reply.status_code not in (409, 429):
                    return reply
            await asyncio.sleep(PAUSE)
        return None

    async def get(self, path: str) -> Json:
        """Return what a path shows. Raise ``AssertionError`` if it does not."""
        reply = await self.ask("GET", path)
        assert reply is not None, path
        assert reply.status_code == 200, f"{path}: {reply.text}"
        return dict(reply.json())

    async def post(self, path: str, **body: Any) -> Json | None:
        """Return what was made; None if that was not acknowledged. Raise ``AssertionError`` if it was refused."""
        reply = await self.ask("POST", path, **body)
        assert reply is None or reply.status_code == 200, f"{path}: {reply and reply.text}"
        return None if reply is None else dict(reply.json())

    async def all(self, path: str) -> list[Json]:
        """Return all objects of a list, the oldest first."""
        found: list[Json] = []
        while True:
            after = f"&after={found[-1]['id']}" if found else ""
            page = await self.get(f"{path}?limit=100&order=asc{after}")
            found += page["data"]
            if not page["has_more"]:
                return found


class Load:
    """Goes on until ``is_over``. ``violations`` are what should never be seen."""

    def __init__(self, client: Client, *, has_code: bool, dice: random.Random) -> None:
        self.client, self.has_code, self.dice = client, has_code, dice
        self.known, self.violations = Acknowledged(), list[str]()
        self.is_over = False

    async def prepare(self) -> None:
        tools = [{"type": "code_interpreter"}] if self.has_code else []
        made = await self.client.post("/assistants", json={"model": "chaos", "tools": tools})
        assert made is not None
        self.assistant = made["id"]

    async def chat(self, number: int) -> None:
        """One thread: message, run, and now and then a cancel."""
        thread = await self.client.post("/threads", json={})
        while thread is None:
            thread = await self.client.post("/threads", json={})
        id, count = thread["id"], 0
        self.known.messages[id], self.known.runs[id] = {}, []
        while not self.is_over:
            count += 1
            what = "code" if self.has_code and number % 5 == 0 and count % 2 else "words"
            await self.exchange(id, f"{what} m{number}-{count} {self.dice.randint(10, 100)}")
            await self.until_free(id)

    async def exchange(self, thread: str, text: str) -> None:
        """Post a message and have it answered."""
        message = await self.client.post(f"/threads/{thread}/messages", json={"role": "user", "content": text})
        if message is None:
            self.known.counts["messages without an answer"] += 1
            return
        self.known.messages[thread][message["id"]] = text
        stream = self.dice.random() < 0.7
        cancel = asyncio.create_task(self.cancel(thread)) if self.dice.random() < 0.2 else None
        await (self.stream(thread) if stream else self.start(thread))
        if cancel is not None:
            await cancel

    async def start(self, thread: str) -> None:
        run = await self.client.post(f"/threads/{thread}/runs", json={"assistant_id": self.assistant})
        if run is not None:
            self.known.runs[thread].append(run["id"])

    async def stream(self, thread: str) -> None:
        """Have the run streamed; its pieces must be those of one answer, none missing and none twice."""
        text = ""
        try:
            async with asyncio.timeout(PATIENCE):
                async for name, data in self.events(thread):
                    if name == "thread.run.created":
                        self.known.runs[thread].append(data["id"])
                    elif name == "thread.message.delta":
                        text += _text(data["delta"].get("content", ()))
                    elif name == "error":
                        self.known.counts["streams that broke"] += 1
        except httpx2.HTTPError:
            self.known.counts["streams that ended with their server"] += 1
        except TimeoutError:
            self.violations.append(f"a stream of {thread} did not end")
        self.known.counts["streams"] += 1
        if text and not is_part(text):
            self.violations.append(f"a stream of {thread} said {text!r}")

    async def events(self, thread: str) -> AsyncIterator[tuple[str, Json]]:
        """Start a run and yield its events; none if that is refused, as by a server that is ending."""
        body, name = {"assistant_id": self.assistant, "stream": True}, ""
        async with self.client.http.stream("POST", self.client.url(f"/threads/{thread}/runs"), json=body) as reply:
            async for line in reply.aiter_lines():
                field, _colon, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data" and value.startswith("{"):
                    yield name, json.loads(value)

    async def cancel(self, thread: str) -> None:
        """Stop what runs in a while, through whichever server."""
        await asyncio.sleep(self.dice.uniform(0.1, 3))
        for run in (await self.client.get(f"/threads/{thread}/runs?limit=1"))["data"]:
            if run["status"] not in ENDED:
                await self.client.ask("POST", f"/threads/{thread}/runs/{run['id']}/cancel", json={})
                self.known.counts["cancels"] += 1

    async def until_free(self, thread: str) -> None:
        while True:
            runs = (await self.client.get(f"/threads/{thread}/runs?limit=1"))["data"]
            if all(run["status"] in ENDED for run in runs):
                return
            await asyncio.sleep(POLL)

    async def upload(self, number: int) -> None:
        """One file after another, whole and in parts, and a store of some of them."""
        count = 0
        while not self.is_over:
            count += 1
            word = f"quokka{number}x{count}"
            content = (f"The {word} sleeps. " * self.dice.randint(10, 20_000)).encode()
            file = await (self.upload_in_parts(content) if count % 2 else self.upload_whole(content))
            if file is None:
                self.known.counts["uploads without an answer"] += 1
                continue
            self.known.files[file["id"]] = content
            if len(content) < 20_000:
                store = await self.client.post("/vector_stores", json={"file_ids": [file["id"]]})
                if store is not None:
                    self.known.entries[f"{store['id']}/files/{file['id']}"] = word
            await asyncio.sleep(self.dice.uniform(0, 2))

    async def upload_whole(self, content: bytes) -> Json | None:
        return await self.client.post("/files", files={"file": ("a.txt", content)}, data={"purpose": "assistants"})

    async def upload_in_parts(self, content: bytes) -> Json | None:
        new = {"filename": "b.txt", "bytes": len(content), "purpose": "assistants", "mime_type": "text/plain"}
        upload = await self.client.post("/uploads", json=new)
        if upload is None:
            return None
        parts = []
        for begin in range(0, len(content), PART):
            piece = {"data": content[begin : begin + PART]}
            part = await self.client.post(f"/uploads/{upload['id']}/parts", files=piece)
            if part is None:
                return None
            parts.append(part["id"])
        done = await self.client.post(f"/uploads/{upload['id']}/complete", json={"part_ids": parts})
        return None if done is None else done["file"]


def _text(content: list[Json]) -> str:
    return "".join(part["text"].get("value", "") for part in content if part["type"] == "text")


def is_part(text: str) -> bool:
    """Return whether a text is the beginning of an answer of the model: its words in order, each once."""
    mark = text.partition(":")[0]
    return "".join(f"{mark}:{number} " for number in range(text.count(":") + 1)).startswith(text)
