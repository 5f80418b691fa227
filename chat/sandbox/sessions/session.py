"""A session as the broker sees it: a process that may do anything at all with its ends of the sockets.

It is stopped between requests, so that what a cell leaves running gets no processor, and fills nothing unwatched.
"""

from __future__ import annotations

import os
import selectors
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import NoReturn

from chat.sandbox.errors import IsolationFailed, SessionLost
from chat.sandbox.isolation.layers import Plan
from chat.sandbox.protocol import CHUNK, BadFrame, Header
from chat.sandbox.sessions import answers, folders
from chat.sandbox.sessions.frame_stream import Frame, Wire
from chat.sandbox.sessions.logs import Logs
from chat.sandbox.sessions.start import start_session
from chat.sandbox.sessions.watchdog import Patience, Watch
from chat.sandbox.sessions.zygote import Zygote
from chat.sandbox.values import MB, Entry, Limits, Outcome, Status, Tier

BROKE = "It did not keep to the form of an answer."
CLOSED = "It was closed."
UNSEEN = "The server may not see what its sessions use, or may not stop them."

_FILE_SECONDS = 10.0
_TICK = 0.05  # seconds until we look again whether to stop
_PART = 1 << 16  # bytes of output read at a time
_PARTS = 16  # before we look at something else
_LAST_SECONDS = 0.5


class Session:
    """Start one: it is ready, and stopped. Its methods block; one caller at a time.

    ``folder``: where its files lie if it has no namespaces; made if need be, and removed with it. ``uid``: the user
    that it becomes, whom nobody else is; needed if we are root. Raises ``IsolationFailed``, and ``OSError`` if the
    zygote is dead.
    """

    def __init__(
        self, zygote: Zygote, tier: Tier, *, folder: Path, limits: Limits | None = None, uid: int | None = None
    ) -> None:
        self.limits = limits or Limits()
        self.ended = ""
        self._is_closed = False
        self._folder = folder if tier == "landlock" else None
        if self._folder is not None:
            folders.make(self._folder, uid=uid)
        try:
            plan = Plan(tier=tier, limits=self.limits, folder=str(folder), uid=uid)
            self._ends = start_session(zygote, plan)
        except BaseException:
            self._remove_folder()
            raise
        self.info = self._ends.info
        self.pid = self._ends.life.pid
        self._logs = Logs(self.limits.logs)
        self._wire = Wire(self._ends.control)
        self._watch = Watch(self._ends.life, self.limits, folder=self._folder)
        self._listen()
        self._check_sight()

    def run(self, code: str, *, seconds: float | None = None, stop: threading.Event | None = None) -> Outcome:
        """Run a cell. ``stop`` set: interrupt it at once. Raises ``SessionLost`` only if it had ended before."""
        patience = Patience(self.limits.seconds if seconds is None else seconds, stop=stop)
        images: list[bytes] = []
        status: Status = "died"
        self._check_alive()
        with suppress(SessionLost):
            status = self._run(code, patience, images)
        logs, self._logs = self._logs, Logs(self.limits.logs)
        return Outcome(status, str(logs), tuple(images), self.ended, patience.passed)

    def put(self, name: str, data: bytes, *, offset: int = 0) -> None:
        """Write ``data`` at ``offset``; 0 begins the file anew. Raises ``FileRefused`` and ``SessionLost``."""
        answers.check_name(name)
        for start in range(0, len(data) or 1, CHUNK):
            part = data[start : start + CHUNK]
            self._ask({"op": "put", "name": name, "offset": offset + start}, part, expected="ok")

    def get(self, name: str, *, offset: int) -> bytes:
        """Up to ``CHUNK`` bytes, none at the end. Raises ``FileRefused`` and ``SessionLost``."""
        _, data = self._ask({"op": "get", "name": answers.check_name(name), "offset": offset}, expected="chunk")
        if len(data) > CHUNK:
            self._end(BROKE)
        return data

    def files(self) -> list[Entry]:
        """What is in ``/mnt/data``. Raises ``SessionLost``."""
        header, _ = self._ask({"op": "list"}, expected="files")
        with self._strict():
            return answers.entries(header, self.limits)

    def remove(self, name: str) -> None:
        """Raises ``FileRefused`` and ``SessionLost``."""
        self._ask({"op": "remove", "name": answers.check_name(name)}, expected="ok")

    @property
    def is_gone(self) -> bool:
        """Ended, or died while nobody spoke with it, or nothing is to be seen of it. Anyone may ask at any time."""
        return bool(self.ended) or self._ends.life.ends(within=0) or not self._watch.memory()

    def memory(self) -> int:
        """Bytes resident, and those of files that lie in memory; 0 when it has ended."""
        return 0 if self.ended else self._watch.memory() + self._ends.life.files_in_memory()

    def close(self) -> None:
        """End it, if it has not ended. Returns when its processes and its folder are gone."""
        if self._is_closed:
            return
        self._is_closed = True
        self.ended = self.ended or CLOSED
        self._selector.close()
        self._ends.close()
        self._remove_folder()

    def _run(self, code: str, patience: Patience, images: list[bytes]) -> Status:
        left = iter(range(self.limits.images))

        def show(frame: Frame) -> None:
            if next(left, None) is None:  # our own code stops there
                self._end(BROKE)
            if answers.is_picture(frame[1]):
                images.append(frame[1])

        request = {"op": "run"}, code.encode(errors="replace")
        try:
            header, _ = self._converse(*request, patience=patience, show=show)
        except BadFrame:
            self._logs.add(b"The code is too long.\n")
            return "error"
        with self._strict():
            status = answers.status(header)
        said = answers.said(header)
        if said and self._logs.is_within_line:
            self._logs.add(b"\n")
        self._logs.add(said.encode(errors="replace"))
        return status

    def _ask(self, request: Header, body: bytes = b"", *, expected: str) -> Frame:
        self._check_alive()
        frame = self._converse(request, body, patience=Patience(_FILE_SECONDS, grace=0))
        if frame[0].get("op") == "error":
            raise answers.refusal(frame[0])
        if frame[0].get("op") != expected:
            self._end(BROKE)
        return frame

    def _converse(
        self, request: Header, body: bytes, *, patience: Patience, show: Callable[[Frame], None] | None = None
    ) -> Frame:
        """The answer to ``request``; pictures on the way to it are given to ``show``."""
        nonce = token_hex(16)
        self._wire.put({**request, "nonce": nonce}, body)
        with self._awake():
            while True:
                for frame in self._turn(patience):
                    self._check(frame, nonce)
                    if show is None or frame[0].get("op") != "image":
                        return frame
                    show(frame)

    def _check(self, frame: Frame, nonce: str) -> None:
        """An answer to another request is forged, or comes too late to mean anything."""
        if frame[0].get("nonce") != nonce:
            self._end(BROKE)

    def _turn(self, patience: Patience) -> list[Frame]:
        """Wait a moment; read and write what goes; look after limits. Raises ``SessionLost``."""
        control = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._wire.has_more_to_send else 0)
        self._selector.modify(self._ends.control, control)
        ready = {key.fd: events for key, events in self._selector.select(_TICK)}
        if self._ends.output in ready:
            self._read_output(most=_PARTS)
        frames = self._exchange(ready.get(self._ends.control.fileno(), 0))
        if not frames and self._ends.life.descriptor in ready:
            self._end("")
        self._look_after(patience)
        return frames

    def _exchange(self, events: int) -> list[Frame]:
        try:
            if events & selectors.EVENT_WRITE:
                self._wire.push()
            return self._wire.pull() if events & selectors.EVENT_READ else []
        except BadFrame:
            self._end(BROKE)
        except (EOFError, OSError):
            self._end("")

    def _look_after(self, patience: Patience) -> None:
        if self._logs.total > self.limits.flood:
            self._end(f"It printed more than {self.limits.flood // MB} MB.")
        if breach := self._watch.breach():
            self._end(breach)
        match patience.due():
            case "interrupt":
                self._ends.life.signal(signal.SIGINT)
            case "end":
                self._end(patience.reason)

    def _read_output(self, *, most: int) -> None:
        """What is printed stays in order; ``most`` parts of it, so that endless output leaves us time."""
        with suppress(BlockingIOError):
            for _ in range(most):
                part = os.read(self._ends.output, _PART)
                if not part:
                    self._selector.unregister(self._ends.output)  # it closed its end: nothing more will come
                    return
                self._logs.add(part)

    def _end(self, reason: str) -> NoReturn:
        """Without a reason of ours, it ended by itself, or only its answers did. Raises ``SessionLost``."""
        if not reason:
            is_over = self._ends.life.ends(within=_LAST_SECONDS)
            reason = self._ends.life.cause(seconds=_LAST_SECONDS) if is_over else BROKE
        self.ended = reason
        self._ends.life.end()
        with suppress(KeyError):
            self._read_output(most=_PARTS)
        raise SessionLost(reason)

    @contextmanager
    def _awake(self) -> Iterator[None]:
        self._go_on()
        try:
            yield
        finally:
            self._stop()

    def _go_on(self) -> None:
        self._ends.life.signal(signal.SIGCONT)

    def _stop(self) -> None:
        self._ends.life.signal(signal.SIGSTOP)
        with suppress(KeyError):
            self._read_output(most=_PARTS)

    @contextmanager
    def _strict(self) -> Iterator[None]:
        try:
            yield
        except answers.Broken:
            self._end(BROKE)

    def _check_alive(self) -> None:
        if self.ended:
            raise SessionLost(self.ended)

    def _check_sight(self) -> None:
        """The watch must work before anything is run."""
        try:
            self._stop()
            seen = self._watch.memory()
        except PermissionError:
            seen = 0
        if not seen:
            self.close()
            raise IsolationFailed(UNSEEN)

    def _listen(self) -> None:
        os.set_blocking(self._ends.output, False)
        self._selector = selectors.DefaultSelector()
        for end in (self._ends.control, self._ends.output, self._ends.life.descriptor):
            self._selector.register(end, selectors.EVENT_READ)

    def _remove_folder(self) -> None:
        if self._folder is not None:
            folders.remove(self._folder)
