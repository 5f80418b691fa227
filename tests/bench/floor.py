"""The least that a websocket relay can do: every delta that arrives from the upstream is sent on as a frame.

No framework, no sign-in, no storage; picows and ``asyncio.Protocol``. A frame from the client names the model to ask.
"""

from __future__ import annotations

import argparse
import asyncio
import re

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from tests.bench.load import ask

_CONTENT = re.compile(rb'"delta":\{"content":"([^"]+)"')


class Upstream(asyncio.Protocol):
    """Reads the mock's stream for one client."""

    def __init__(self, client: WSTransport, model: str) -> None:
        self._client = client
        self._model = model
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(ask(self._model))

    def data_received(self, data: bytes) -> None:
        events = (self._rest + data).split(b"\n\n")
        self._rest = events.pop()
        for event in events:
            if found := _CONTENT.search(event):
                self._client.send(WSMsgType.TEXT, b'{"delta":"' + found[1] + b'"}')


class Client(WSListener):
    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._tasks: set[asyncio.Task[object]] = set()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            model = frame.get_payload_as_bytes().decode()
            opening = asyncio.get_running_loop().create_connection(
                lambda: Upstream(transport, model), "127.0.0.1", self._upstream
            )
            self._tasks.add(asyncio.ensure_future(opening))


async def serve(port: int, upstream: int) -> None:
    def accept(_: WSUpgradeRequest) -> Client:
        return Client(upstream)

    server = await ws_create_server(accept, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", type=int, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.upstream))
