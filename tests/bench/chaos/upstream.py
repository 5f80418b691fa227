"""The model of the chaos: it answers what a message asks for, and knows who asks for what at the same moment."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.live import free_port

PACE = 0.04  # seconds between two words
GRACE = 1.0  # seconds that the end of a dead process's connection may be on its way
ASKED = re.compile(r"(words|code) (\S+) (\d+)")  # what to do, a mark that no other message has, how often


def words(mark: str, count: int) -> str:
    """Return the answer of ``count`` words to the message ``mark``."""
    return "".join(f"{mark}:{number} " for number in range(count))


class Upstream:
    """Answers a message ``words MARK COUNT`` with ``words``; ``code MARK COUNT`` runs code first."""

    def __init__(self) -> None:
        self.port = free_port()
        self.open: Counter[str] = Counter()  # streams, by mark
        self.asked: Counter[str] = Counter()
        self.violations: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/v1/models", self.models)
        app.router.add_post("/v1/chat/completions", self.answer)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        try:
            yield
        finally:
            await runner.cleanup()

    async def models(self, _request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "chaos", "object": "model"}]})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        what, mark, count = _asked(body["messages"])
        is_answered = body["messages"][-1]["role"] == "tool"
        self.asked[mark] += 1
        if self.open[mark]:
            await asyncio.sleep(GRACE)
            if self.open[mark]:
                self.violations.append(f"{mark} was asked for by two at once")
        self.open[mark] += 1
        try:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            if what == "code" and not is_answered:
                await _send(response, {"tool_calls": [_code_call(mark, count)]}, finish="tool_calls")
            else:
                for number in range(count):
                    await _send(response, {"content": f"{mark}:{number} "})
                    await asyncio.sleep(PACE)
                await _send(response, {}, finish="stop")
            await response.write(b"data: [DONE]\n\n")
            return response
        finally:
            self.open[mark] -= 1


def _asked(messages: list[dict[str, Any]]) -> tuple[str, str, int]:
    """Return what the newest message of a user asks for."""
    for message in reversed(messages):
        if message["role"] == "user" and (found := ASKED.search(json.dumps(message["content"]))):
            return found[1], found[2], int(found[3])
    raise AssertionError(messages)


def _code_call(mark: str, count: int) -> dict[str, Any]:
    code = f"open('/mnt/data/{mark}.txt', 'w').write('{mark}' * {count})\nprint('{mark}')"
    function = {"name": "code_interpreter", "arguments": json.dumps({"code": code})}
    return {"index": 0, "id": f"call_{mark}", "type": "function", "function": function}


async def _send(response: web.StreamResponse, delta: dict[str, Any], *, finish: str | None = None) -> None:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "chaos", "object": "chat.completion.chunk", "created": 0, "model": "chaos", "choices": [choice]}
    await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
