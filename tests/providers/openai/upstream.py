"""A small server that speaks Chat Completions as it is told, on 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
DONE = b"data: [DONE]\n\n"


class Upstream:
    """Gives ``answers`` in order, the last one for ever.

    ``asked`` is set by the first request, ``gone`` when a client leaves before the end.
    """

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.peers: list[object] = []
        self.asked = asyncio.Event()
        self.gone = asyncio.Event()
        self.url = ""
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._handle)
        app.router.add_post("/v1/embeddings", self._handle)
        app.router.add_get("/v1/models", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/v1"

    async def stop(self) -> None:
        await self._runner.cleanup()

    def will(self, *answers: Answer) -> None:
        self.answers = list(answers)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        self.bodies.append(json.loads(text) if text else {})
        self.headers.append(dict(request.headers))
        self.peers.append(request.transport and request.transport.get_extra_info("peername"))
        self.asked.set()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        try:
            return await answer(request)
        except asyncio.CancelledError:
            self.gone.set()
            raise


def chunk(content: str | None = None, *, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """A chunk as OpenAI sends it; ``fields`` go into the delta."""
    delta = fields if content is None else {"content": content, **fields}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1790000000,
        "model": "m",
        "system_fingerprint": "fp",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }


def usage(prompt: int, completion: int, **details: Any) -> dict[str, Any]:
    """The last chunk, which carries only the usage."""
    counted = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [], "usage": {**counted, **details}}


def data(*chunks: Any) -> bytes:
    """Chunks as server-sent events."""
    return b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in chunks)


def events(*chunks: Any) -> Answer:
    """A whole, well-behaved answer."""
    return raw(data(*chunks) + DONE)


def raw(*blocks: bytes, kind: str = "text/event-stream", packed: str = "", cut: bool = False) -> Answer:
    """Each block in a write of its own. ``cut``: the connection is dropped instead of ended."""

    async def answer(request: web.Request) -> web.StreamResponse:
        encoding = {"Content-Encoding": packed} if packed else {}
        response = web.StreamResponse(headers={"Content-Type": kind, **encoding})
        await response.prepare(request)
        for block in blocks:
            await response.write(block)
            await asyncio.sleep(0.002)
        if cut and request.transport is not None:
            request.transport.abort()
        return response

    return answer


def endless(*chunks: Any) -> Answer:
    """Some chunks, then silence until the client leaves."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(data(*chunks))
        await asyncio.Event().wait()
        return response

    return answer


def refusal(status: int, body: Any, **headers: str) -> Answer:
    """An HTTP error; ``body`` is text or becomes JSON. Underscores in the names of headers become dashes."""

    async def answer(request: web.Request) -> web.StreamResponse:
        text = body if isinstance(body, str) else json.dumps(body)
        kind = "text/plain" if isinstance(body, str) else "application/json"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=text, content_type=kind, headers=named)

    return answer


def error(message: str, **fields: Any) -> dict[str, Any]:
    """OpenAI's error body."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **fields}}
