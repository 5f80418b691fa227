"""Clients that leave while their request is worked on: its response is closed, and with it what it holds."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse

from config.handler import Handler
from tests.engine.stage import until

SCOPE = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "query_string": b"", "headers": []}


async def events() -> AsyncGenerator[bytes, None]:
    yield b"data: Once\n\n"


class Slow(Handler):
    """Answers with a stream, once it may ``go_on``."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.response = StreamingHttpResponse(events())

    def get_response(self, request: ASGIRequest) -> StreamingHttpResponse:
        self.begun.set()
        assert self.go_on.wait(20)
        return self.response


async def receive_from_a_client_that_leaves(handler: Slow) -> AsyncGenerator[dict[str, Any], None]:
    yield {"type": "http.request", "body": b""}
    await asyncio.to_thread(handler.begun.wait)
    yield {"type": "http.disconnect"}


async def send(message: dict[str, Any]) -> None:
    raise AssertionError(message)


@pytest.mark.django_db(transaction=True)
class TestAResponseWhoseClientHasLeft:
    async def test_is_closed_when_it_comes(self) -> None:
        handler = Slow()
        await handler(SCOPE, receive_from_a_client_that_leaves(handler).__anext__, send)
        handler.go_on.set()
        await until(lambda: handler.response.closed, what="the end of the response")
