"""The server's end of an HTTP connection, which bounds what a client can cost before a request is even complete.

Twisted's channel waits for headers as long as a byte comes each minute, receives bodies of any length, and drops a
request line that is too long without an answer. Here each of these is refused with a status.
"""

from __future__ import annotations

import asyncio
import json
import logging
import resource
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from daphne.http_protocol import WebRequest
from twisted.internet.tcp import Connection
from twisted.web.http import HTTPChannel

from chat.background.database_threads import in_thread
from chat.background.shutdown import shutdown
from chat.errors import Refusal, database_refusal
from chat.management.http_server.request_limits import FREE, IS_API, BodyLimit, body_limit, caller_refusal

log = logging.getLogger(__name__)
HEADERS_WITHIN = 20.0  # seconds
DESCRIPTOR_SHARE = 0.8  # of the limit of descriptors; the rest is for files, the database and the sandbox
LINGER_SECONDS = 2.0  # that a refused client has to read why
LINGER_BYTES = 1024**2  # of its body that are received and thrown away meanwhile
ROOT_PATH = b"daphne-root-path"  # by which a proxy of Daphne's would move the site, and any client could


class BoundedRequest(WebRequest):
    """A request whose body has at most as many bytes as its address takes."""

    limit = BodyLimit(0, is_for_keys=False)
    received = 0

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 -- Twisted's names
        self.received += len(data)
        try:
            self.limit.check_length(self.received)
            super().handleContentChunk(data)  # into a temporary file, if it is long
        except Refusal as refusal:
            self.channel.refuse(refusal)
        except OSError as error:
            self.channel.refuse(database_refusal(error))


def send_soon(connection: Any) -> None:
    """Have what is written to ``connection``, Twisted's of a socket, sent at the event loop's next turn.

    Twisted asks the selector first whether it may send, and tells it afterwards that nothing more is to be sent: for
    each write that takes longer than to send it. It is asked only for what the system does not take at once.
    """
    loop, start_writing = asyncio.get_event_loop(), connection.startWriting
    turns: list[asyncio.Handle] = []  # none, or the one at which to send

    def send() -> None:
        turns.clear()
        # After an error Twisted's own turn meets it again, and closes the connection.
        if connection.connected and (connection.doWrite() or connection.dataBuffer):
            start_writing()

    def send_at_next_turn() -> None:
        if connection.dataBuffer:  # the selector tells when more of it can be sent
            start_writing()
        elif not turns:
            turns.append(loop.call_soon(send))

    connection.startWriting = send_at_next_turn


class BoundedChannel(HTTPChannel):
    """A connection. ``refused``: it has got its last answer and is about to be closed."""

    refused = False
    discarded = 0  # bytes
    timer: Any = None  # of the headers, then of the farewell

    def connectionMade(self) -> None:  # noqa: N802
        self.requestFactory = BoundedRequest  # Daphne has set its own
        super().connectionMade()
        if isinstance(self.transport, Connection):
            send_soon(self.transport)
        # A new connection gets the lowest free descriptor: so many are in use at least.
        if self.transport.fileno() >= DESCRIPTOR_SHARE * resource.getrlimit(resource.RLIMIT_NOFILE)[0]:
            self.refuse_with(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self.start_timer(HEADERS_WITHIN, self.headers_late)

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        self.stop_timer()
        super().connectionLost(reason)

    def start_timer(self, seconds: float, call: Any) -> None:
        self.stop_timer()
        self.timer = self.callLater(seconds, call)

    def stop_timer(self) -> None:
        if self.timer is not None and self.timer.active():
            self.timer.cancel()
        self.timer = None

    # --- the headers ------------------------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self.refused:
            self.discarded += len(data)
            if self.discarded > LINGER_BYTES:
                self.loseConnection()
            return
        if self.line_mode and self.timer is None:  # another request on the same connection
            self.start_timer(HEADERS_WITHIN, self.headers_late)
        super().dataReceived(data)

    def checkPersistence(self, request: Any, version: bytes) -> bool:  # noqa: N802
        """Return whether the connection stays for another request: not when the server is being stopped."""
        if shutdown.has_begun and not request.requestHeaders.hasHeader(b"Upgrade"):
            request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
            return False
        return bool(super().checkPersistence(request, version))

    def headers_late(self) -> None:
        if self._receivedHeaderSize or self._buffer:
            self.refuse_with(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.loseConnection()

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        if self._receivedHeaderSize + len(line) > self.totalHeadersSize:
            self.lineLengthExceeded(line)
        else:
            super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802
        too_long = (
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if self._receivedHeaderSize else HTTPStatus.REQUEST_URI_TOO_LONG
        )
        self.refuse_with(too_long)

    def headerReceived(self, line: bytes) -> bool:  # noqa: N802
        try:
            return bool(super().headerReceived(line))
        except ValueError:  # a Content-Length of more digits than Python reads
            self.refuse_with(HTTPStatus.BAD_REQUEST)
            return False

    def _respondToBadRequestAndDisconnect(self) -> None:  # noqa: N802
        self.refuse_with(HTTPStatus.BAD_REQUEST)

    # --- the body ---------------------------------------------------------------------------------------------

    def allHeadersReceived(self) -> None:  # noqa: N802
        self.stop_timer()
        request = self.requests[-1]
        request.requestHeaders.removeHeader(ROOT_PATH)
        request.limit = body_limit(self.path)
        lines = request.requestHeaders.getAllRawHeaders()
        headers = {name.decode("latin-1").lower(): values[0].decode("latin-1") for name, values in lines}
        try:
            request.limit.check_headers(headers, length=self.length or 0)
        except Refusal as refusal:
            self.refuse(refusal)
            return
        super().allHeadersReceived()
        if self.length is None or self.length > FREE:
            self.transport.pauseProducing()
            self.check = asyncio.ensure_future(self.check_caller(request, headers))

    @property
    def path(self) -> str:
        """The path of the request whose headers are here."""
        return unquote_to_bytes(self._path.partition(b"?")[0]).decode(errors="replace")

    async def check_caller(self, request: BoundedRequest, headers: Mapping[str, str]) -> None:
        """Receive the rest of the body if the caller may send one that is long, else refuse."""
        refusal = await in_thread(caller_refusal, request.limit, headers)
        # The body of a request that came in chunks may be there already; then the application answers it.
        is_receiving = self.requests and self.requests[-1] is request and not self._handlingRequest
        if refusal is not None and is_receiving:
            self.refuse(refusal)
        self.transport.resumeProducing()

    def allContentReceived(self) -> None:  # noqa: N802
        if not self.refused:
            super().allContentReceived()

    # --- refusals ---------------------------------------------------------------------------------------------

    def refuse(self, refusal: Refusal) -> None:
        """Answer the request that is being received, and close the connection."""
        log.info("%s %r %d before its body", self._command.decode("latin-1"), self.path, refusal.status)
        if IS_API.fullmatch(self.path):
            body, kind = json.dumps(refusal.as_body()), "application/json"
        else:
            body, kind = refusal.message, "text/plain; charset=utf-8"
        # To a page of htmx this says where to sign in.
        more = ["HX-Redirect: /sign-in/"] if refusal.status == HTTPStatus.UNAUTHORIZED else []
        self.refuse_with(HTTPStatus(refusal.status), body.encode(), f"Content-Type: {kind}", *more)

    def refuse_with(self, status: HTTPStatus, body: bytes = b"", *headers: str) -> None:
        if self.refused:
            return
        self.refused = self.paused = True  # paused: what has been received of the request is not looked at
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", *headers, f"Content-Length: {len(body)}"]
        lines += ["Connection: close", *(["Retry-After: 5"] if status == HTTPStatus.SERVICE_UNAVAILABLE else [])]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self.transport.loseWriteConnection()
        self.start_timer(LINGER_SECONDS, self.loseConnection)
