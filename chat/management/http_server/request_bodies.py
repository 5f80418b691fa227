"""Long request bodies on their way from Twisted to the application: block by block, never whole in memory.

Twisted keeps a long body in a temporary file. But then it reads all of it to look for form fields, which are not used
here, and Daphne queues all of it before the application reads the first block: an upload of 200 MB took 2.7 GB.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any, BinaryIO

from twisted.web.http import Request

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Application = Callable[..., Awaitable[None]]

BLOCK_SIZE = 1024 * 1024  # bytes
SCOPE_KEY = "everthread.body"  # in the scope


def skip_form_parsing(protocol: Any) -> None:
    """Keep Twisted from reading a new request's body for form fields."""
    # Daphne has no argument for this.
    if isinstance(protocol, Request):
        protocol._parsePOSTFormSubmission = False


def set_body_aside(request: Request, scope: dict[str, Any]) -> None:
    """Move a long body out of Daphne's queue, for ``stream_bodies``; a short one is in memory anyway."""
    if scope["type"] == "http" and not isinstance(request.content, io.BytesIO):
        scope[SCOPE_KEY], request.content = request.content, io.BytesIO()


def stream_bodies(application: Application) -> Application:
    """Return ``application`` as one that receives the bodies that ``set_body_aside`` moved."""

    async def streaming(scope: dict[str, Any], receive: Receive, send: Any) -> None:
        body: BinaryIO | None = scope.pop(SCOPE_KEY, None)
        if body is None:
            await application(scope, receive, send)
            return
        with closing(body):
            await application(scope, receive_blocks(body, receive), send)

    return streaming


def receive_blocks(body: BinaryIO, receive: Receive) -> Receive:
    """Return a ``receive`` of the blocks of ``body``, then of Daphne's messages: for it the body was empty."""

    async def receive_block() -> Message:
        if not body.closed and (block := await asyncio.to_thread(body.read, BLOCK_SIZE)):
            return {"type": "http.request", "body": block, "more_body": True}
        return await receive()

    return receive_block
