"""The read–eval loop inside a session. It answers the broker until the control socket ends, and with it the session.

Requests and answers are frames, see ``protocol``. Each answer repeats the ``nonce`` of its request.

    run + code           image + PNG, for each picture; then result with status, value and traceback
    put name offset + …  ok
    get name offset      chunk + at most ``CHUNK`` bytes, none at the end
    list                 files: name, size and time of change of each
    remove name          ok

A request that fails is answered with error and a message.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any, NoReturn

from chat.sandbox.inside import shim
from chat.sandbox.inside.display import Display
from chat.sandbox.inside.evaluation import Cells
from chat.sandbox.inside.files import Files
from chat.sandbox.inside.interrupts import Interrupts
from chat.sandbox.inside.paths import DATA
from chat.sandbox.inside.pictures import Pictures
from chat.sandbox.protocol import BadFrame, Header, receive, send

Answer = tuple[Header, bytes]


def serve(control: socket.socket, folder: str, *, images: int) -> NoReturn:
    """Answer requests on ``control`` until it ends. ``/mnt/data`` is ``folder``; the process is locked down already.

    ``images``: how many pictures a cell may show.
    """
    try:
        if folder != DATA:
            shim.install(folder)
        shim.mend_times()
        # At the end: a file of the user's must not stand for a library.
        sys.path.append(DATA)
        os.chdir(DATA)
        loop = _Loop(control, folder, images=images)
        with suppress(EOFError, ConnectionError, BadFrame):
            loop.run()
        os._exit(0)
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(1)


class _Loop:
    def __init__(self, control: socket.socket, folder: str, *, images: int) -> None:
        self._control = control
        self._interrupts = Interrupts()
        self._sending = threading.Lock()
        self._nonce: Any = None
        """The one of the cell that runs; None between cells."""
        display = Display(Pictures(self._send_picture, limit=images))
        sys.modules.update(display.as_ipython())
        self._cells = Cells(display, self._interrupts)
        self._files = Files(folder)
        self._operations: dict[str, Callable[[Header, bytes], Answer]] = {
            "run": self._run,
            "put": self._put,
            "get": self._get,
            "list": self._list,
            "remove": self._remove,
        }

    def run(self) -> NoReturn:
        while True:
            header, body = receive(self._control)
            self._nonce = header.get("nonce") if header.get("op") == "run" else None
            try:
                answer, data = self._operations[header["op"]](header, body)
            except Exception as error:
                answer, data = {"op": "error", "message": _reason(error)}, b""
            with self._interrupts.postponed(), self._sending:
                self._nonce = None
                send(self._control, {**answer, "nonce": header.get("nonce")}, data)

    def _run(self, header: Header, body: bytes) -> Answer:
        return {"op": "result", **asdict(self._cells.run(body.decode()))}, b""

    def _put(self, header: Header, body: bytes) -> Answer:
        self._files.put(header["name"], header["offset"], body)
        return {"op": "ok"}, b""

    def _get(self, header: Header, body: bytes) -> Answer:
        return {"op": "chunk"}, self._files.get(header["name"], header["offset"])

    def _list(self, header: Header, body: bytes) -> Answer:
        return {"op": "files", "files": self._files.listing()}, b""

    def _remove(self, header: Header, body: bytes) -> Answer:
        self._files.remove(header["name"])
        return {"op": "ok"}, b""

    def _send_picture(self, png: bytes) -> None:
        with self._interrupts.postponed(), self._sending:
            # A thread that outlives its cell may show no picture.
            if self._nonce is not None:
                send(self._control, {"op": "image", "nonce": self._nonce}, png)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
