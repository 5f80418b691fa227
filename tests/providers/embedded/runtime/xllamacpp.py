"""Stands in for the native runtime: the child process and all around it are real, only the model is not.

The last message of a request decides what is said:

    die N            N words, then the process is gone
    die unless PATH  the process is gone at once, and makes PATH, unless PATH exists
    endless          a word every 10 ms until the client leaves
    environment      the process's environment, as JSON
    anything else    the request's body, as JSON
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, count
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class CommonParams(SimpleNamespace):
    def __init__(self) -> None:
        super().__init__(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace())


class Server:
    def __init__(self, params: CommonParams) -> None:
        if Path(params.model.path).read_bytes() == b"broken":
            raise RuntimeError("Failed to init server, please check the input params.")
        (host,) = params.hostnames
        server = ThreadingHTTPServer((host, params.port), _Handler)
        _Handler.key = params.api_keys[0]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.listening_address = f"http://{host}:{server.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    key = ""
    busy = 0

    def do_GET(self) -> None:
        if self.path == "/health":
            self._send({"status": "ok"})
        elif self._has_key():
            self._send({"busy": _Handler.busy})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._has_key():
            return
        _Handler.busy += 1
        try:
            self._stream(body)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            _Handler.busy -= 1

    def _stream(self, body: dict[str, Any]) -> None:
        words = _words(body)
        first = next(words)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for word in chain([first], words):
            self._event({"choices": [{"index": 0, "delta": {"content": word}}]})
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self._event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, chunk: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")

    def _has_key(self) -> bool:
        right = self.headers["Authorization"] == f"Bearer {self.key}"
        if not right:
            self.send_error(401)
        return right

    def _send(self, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


def _words(body: dict[str, Any]) -> Iterator[str]:
    match body["messages"][-1]["content"].split():
        case ["die", "unless", path]:
            if not Path(path).exists():
                Path(path).touch()
                os._exit(9)
            yield "alive"
        case ["die", number]:
            for position in range(int(number)):
                yield f"word{position} "
            time.sleep(0.2)  # so that what was written is read before the connection goes
            os._exit(9)
        case ["endless"]:
            for position in count():
                yield f"word{position} "
                time.sleep(0.01)
        case ["environment"]:
            yield json.dumps(dict(os.environ))
        case _:
            yield json.dumps(body)
