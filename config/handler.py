"""Django's handler of HTTP requests, which crosses from the event loop to a thread once a request.

Django's own starts a thread for each request and crosses three times: for its signals, the view and the response's end.
Here middlewares and view run in one go in a thread that lasts, and give their database connection back before the
response is sent: a stream, however long, holds none.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from itertools import islice
from typing import IO, Any

from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.core.signals import request_started
from django.http import FileResponse, HttpResponseBadRequest, StreamingHttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from chat.background.database_threads import DatabaseThreads

AT_ONCE = 200  # requests that are worked on; more wait for a thread


class FormRequest(ASGIRequest):
    """A request whose form may have parts with headers that Django cannot decode (``filename*=x''a``): it is wrong."""

    def parse_file_upload(self, *form: Any) -> Any:
        try:
            return super().parse_file_upload(*form)
        except LookupError as error:
            raise MultiPartParserError(str(error)) from None


class Handler(ASGIHandler):
    """An ASGI application that answers HTTP requests, with 400 if a request's own headers cannot be decoded."""

    request_class = FormRequest

    def __init__(self) -> None:
        super().__init__()
        self.threads = DatabaseThreads("request", limit=AT_ONCE)

    def load_middleware(self, is_async: bool = False) -> None:
        """Build the chain of synchronous middlewares, although the server is asynchronous."""
        super().load_middleware(is_async=False)

    def create_request(self, scope: Any, body_file: Any) -> Any:
        try:
            request, refusal = super().create_request(scope, body_file)
            if request is not None:
                int(request.META.get("CONTENT_LENGTH") or 0)  # Django itself reads it only with the body
        except (LookupError, ValueError):
            return None, HttpResponseBadRequest()
        return request, refusal

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        set_script_prefix(get_script_prefix(scope))
        request, refusal = self.create_request(scope, body)
        if request is None:
            body.close()
            await self.send_response(refusal, send)
            return
        answering = asyncio.create_task(self.answer(request, body, send))
        leaving = asyncio.create_task(wait_for_disconnect(receive))
        await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        answering.cancel()  # if the client is gone
        with suppress(asyncio.CancelledError):
            await answering

    async def answer(self, request: ASGIRequest, body: IO[bytes], send: Any) -> None:
        """Send the response to ``request``, and close ``body``, which the views read."""
        unread = [body]  # whoever takes it out closes it: a thread, or this task if the client goes before one is free
        made: list[HttpResponseBase] = []  # likewise: this task sends it, or closes it if the client is gone
        gone = threading.Event()
        try:
            await self.threads.call(self.respond, request, unread, made, gone)
            response = made.pop()
        except asyncio.CancelledError:
            gone.set()
            await self.threads.call(close_all, made)
            raise
        finally:
            with suppress(IndexError):
                unread.pop().close()
        try:
            await self.send_response(response, send)
        finally:
            if response.streaming:
                await self.threads.call(response.close)

    def respond(
        self, request: ASGIRequest, unread: list[IO[bytes]], made: list[HttpResponseBase], gone: threading.Event
    ) -> None:
        """Put the response of the view behind all middlewares into ``made``.

        It ends also when its client is ``gone``, and then closes the response, which may hold a run or a file.
        """
        with closing(unread.pop()):
            request_started.send(sender=type(self), scope=request.scope)
            response = self.get_response(request)
            if isinstance(response, FileResponse):
                response.block_size = max(response.block_size, self.chunk_size)
            if not isinstance(response, StreamingHttpResponse):
                response.close()  # sends ``request_finished``; its content stays
            elif not response.is_async:
                blocks = iter(response)
                response.streaming_content = read_blocks(list(islice(blocks, 2)), blocks)
        made.append(response)
        if gone.is_set():
            close_all(made)


def close_all(responses: list[HttpResponseBase]) -> None:
    """Close ``responses`` and take them out. Two threads may do so at once."""
    with suppress(IndexError):
        while True:
            responses.pop().close()


async def wait_for_disconnect(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def read_blocks(first: list[bytes], rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the blocks ``first``, of which a small file has one, and then each of ``rest``, read in a thread.

    Django itself reads all of a file before it sends the first block.
    """
    for block in first:
        yield block
    while len(first) > 1 and (block := await asyncio.to_thread(next, rest, b"")):
        yield block
