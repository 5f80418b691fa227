"""A session as the broker sees it: a process that may do anything at all with its ends of the sockets.

It is stopped between requests, so that threads of a cell use no processor and fill no disk unwatched.
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
from chat.sandbox.isolation.layers import SessionPlan
from chat.sandbox.protocol import CHUNK, BadFrame, Header
from chat.sandbox.sessions import answers, folders
from chat.sandbox.sessions.frame_stream import Frame, FrameStream
from chat.sandbox.sessions.logs import Logs
from chat.sandbox.sessions.start import start_session
from chat.sandbox.sessions.watchdog import Deadline, Watchdog
from chat.sandbox.sessions.zygote import Zygote
from chat.sandbox.values import MB, DataFile, Limits, Outcome, Status, Tier

BROKE = "It did not keep to the form of an answer."
CLOSED = "It was closed."
INTERRUPTED = "The time limit of {seconds:g} seconds was reached, so the code was interrupted. Variables are kept."
UNSEEN = "The server may not see what its sessions use, or may not stop them."

_FILE_SECONDS = 10.0
_TICK = 0.05  # seconds until we look again whether to stop
_PART = 1 << 16  # bytes of output read at a time
_PARTS = 16  # before we look at something else
_LAST_SECONDS = 0.5


class Session:
    """A session, which is started at once, ready and stopped. Its methods block; one caller at a time.

    ``folder``: where its files lie if it has no namespaces; made if need be, and removed with it. ``uid``: the user
    that it becomes, of no other process; needed if we are root. Raise ``IsolationFailed``, and ``OSError`` if the
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
            plan = SessionPlan(tier=tier, limits=self.limits, folder=str(folder), uid=uid)
            self._handles = start_session(zygote, plan)
        except BaseException:
            self._remove_folder()
            raise
        self.info = self._handles.info
        self.pid = self._handles.process.pid
        self._logs = Logs(self.limits.logs)
        self._frames = FrameStream(self._handles.control)
        self._watchdog = Watchdog(self._handles.process, self.limits, folder=self._folder)
        self._register()
        self._check_sight()

    def run(self, code: str, *, seconds: float | None = None, stop: threading.Event | None = None) -> Outcome:
        """Run a cell; interrupt it once ``stop`` is set. Raise ``SessionLost`` only if the session had ended before."""
        deadline = Deadline(self.limits.seconds if seconds is None else seconds, stop=stop)
        images: list[bytes] = []
        status: Status = "died"
        self._check_alive()
        with suppress(SessionLost):
            status = self._run(code, deadline, images)
        logs, self._logs = self._logs, Logs(self.limits.logs)
        return Outcome(status, str(logs), tuple(images), self.ended, deadline.elapsed)

    def put(self, name: str, data: bytes, *, offset: int = 0) -> None:
        """Write ``data`` at ``offset``; 0 empties the file first. Raise ``FileRefused`` or ``SessionLost``."""
        answers.check_file_name(name)
        for start in range(0, len(data) or 1, CHUNK):
            part = data[start : start + CHUNK]
            self._ask({"op": "put", "name": name, "offset": offset + start}, part, expected="ok")

    def get(self, name: str, *, offset: int) -> bytes:
        """Return up to ``CHUNK`` bytes, none at the end. Raise ``FileRefused`` or ``SessionLost``."""
        _, data = self._ask({"op": "get", "name": answers.check_file_name(name), "offset": offset}, expected="chunk")
        if len(data) > CHUNK:
            self._end(BROKE)
        return data

    def files(self) -> list[DataFile]:
        """Return the files in ``/mnt/data``. Raise ``SessionLost``."""
        header, _ = self._ask({"op": "list"}, expected="files")
        with self._ending_bad_answers():
            return answers.parse_files(header, self.limits)

    def remove(self, name: str) -> None:
        """Remove a file. Raise ``FileRefused`` or ``SessionLost``."""
        self._ask({"op": "remove", "name": answers.check_file_name(name)}, expected="ok")

    @property
    def is_gone(self) -> bool:
        """True if it was ended, died between two requests, or cannot be watched. Any thread may ask at any time."""
        return bool(self.ended) or self._handles.process.ends(within=0) or not self._watchdog.memory()

    def memory(self) -> int:
        """Return its bytes resident and those of its files in memory; 0 when it has ended."""
        return 0 if self.ended else self._watchdog.memory() + self._handles.process.files_in_memory()

    def close(self) -> None:
        """End it, if it has not ended. Return when its processes and its folder are gone."""
        if self._is_closed:
            return
        self._is_closed = True
        self.ended = self.ended or CLOSED
        self._selector.close()
        self._handles.close()
        self._remove_folder()

    def _run(self, code: str, deadline: Deadline, images: list[bytes]) -> Status:
        count = 0

        def keep_picture(frame: Frame) -> None:
            nonlocal count
            count += 1
            # Our own code in the session stops there.
            if count > self.limits.images:
                self._end(BROKE)
            if answers.is_picture(frame[1]):
                images.append(frame[1])

        request = {"op": "run"}, code.encode(errors="replace")
        try:
            header, _ = self._converse(*request, deadline=deadline, on_picture=keep_picture)
        except BadFrame:
            self._logs.add(b"The code is too long.\n")
            return "error"
        with self._ending_bad_answers():
            status = answers.parse_status(header)
        text = answers.value_and_traceback(header)
        if deadline.has_run_out:
            text = f"{text}{INTERRUPTED.format(seconds=deadline.seconds)}\n"
        if text and self._logs.is_within_line:
            self._logs.add(b"\n")
        self._logs.add(text.encode(errors="replace"))
        return status

    def _ask(self, request: Header, body: bytes = b"", *, expected: str) -> Frame:
        self._check_alive()
        frame = self._converse(request, body, deadline=Deadline(_FILE_SECONDS, grace=0))
        if frame[0].get("op") == "error":
            raise answers.parse_refusal(frame[0])
        if frame[0].get("op") != expected:
            self._end(BROKE)
        return frame

    def _converse(
        self, request: Header, body: bytes, *, deadline: Deadline, on_picture: Callable[[Frame], None] | None = None
    ) -> Frame:
        """Return the answer to ``request``; ``on_picture`` is called with the frames of pictures before it."""
        nonce = token_hex(16)
        self._frames.queue({**request, "nonce": nonce}, body)
        with self._awake():
            while True:
                for frame in self._poll(deadline):
                    self._check(frame, nonce)
                    if on_picture is None or frame[0].get("op") != "image":
                        return frame
                    on_picture(frame)

    def _check(self, frame: Frame, nonce: str) -> None:
        # An answer to another request is forged, or comes too late to mean anything.
        if frame[0].get("nonce") != nonce:
            self._end(BROKE)

    def _poll(self, deadline: Deadline) -> list[Frame]:
        """Wait a moment, read and write without blocking, and check limits. Raise ``SessionLost``."""
        control = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._frames.has_more_to_send else 0)
        self._selector.modify(self._handles.control, control)
        ready = {key.fd: events for key, events in self._selector.select(_TICK)}
        if self._handles.output in ready:
            self._read_output(most=_PARTS)
        frames = self._exchange(ready.get(self._handles.control.fileno(), 0))
        if not frames and self._handles.process.descriptor in ready:
            self._end("")
        self._check_limits(deadline)
        return frames

    def _exchange(self, events: int) -> list[Frame]:
        try:
            if events & selectors.EVENT_WRITE:
                self._frames.send()
            return self._frames.receive() if events & selectors.EVENT_READ else []
        except BadFrame:
            self._end(BROKE)
        except (EOFError, OSError):
            self._end("")

    def _check_limits(self, deadline: Deadline) -> None:
        if self._logs.total > self.limits.flood:
            self._end(f"It printed more than {self.limits.flood // MB} MB.")
        if breach := self._watchdog.breach():
            self._end(breach)
        match deadline.next_step():
            case "interrupt":
                self._handles.process.signal(signal.SIGINT)
            case "end":
                self._end(deadline.reason)

    def _read_output(self, *, most: int) -> None:
        """Read at most so many parts of the output, so that endless output leaves us time."""
        with suppress(BlockingIOError):
            for _ in range(most):
                part = os.read(self._handles.output, _PART)
                if not part:
                    # It closed its end: nothing more will come.
                    self._selector.unregister(self._handles.output)
                    return
                self._logs.add(part)

    def _end(self, reason: str) -> NoReturn:
        """End it for ``reason``; without one, it ended by itself, or only its answers did. Raise ``SessionLost``."""
        if not reason:
            is_over = self._handles.process.ends(within=_LAST_SECONDS)
            reason = self._handles.process.cause(seconds=_LAST_SECONDS) if is_over else BROKE
        self.ended = reason
        self._handles.process.end()
        with suppress(KeyError):
            self._read_output(most=_PARTS)
        raise SessionLost(reason)

    @contextmanager
    def _awake(self) -> Iterator[None]:
        self._continue()
        try:
            yield
        finally:
            self._stop()

    def _continue(self) -> None:
        self._handles.process.signal(signal.SIGCONT)

    def _stop(self) -> None:
        self._handles.process.signal(signal.SIGSTOP)
        with suppress(KeyError):
            self._read_output(most=_PARTS)

    @contextmanager
    def _ending_bad_answers(self) -> Iterator[None]:
        try:
            yield
        except answers.BadAnswer:
            self._end(BROKE)

    def _check_alive(self) -> None:
        if self.ended:
            raise SessionLost(self.ended)

    def _check_sight(self) -> None:
        # The watchdog must work before anything is run.
        try:
            self._stop()
            memory = self._watchdog.memory()
        except PermissionError:
            memory = 0
        if not memory:
            self.close()
            raise IsolationFailed(UNSEEN)

    def _register(self) -> None:
        os.set_blocking(self._handles.output, False)
        self._selector = selectors.DefaultSelector()
        for end in (self._handles.control, self._handles.output, self._handles.process.descriptor):
            self._selector.register(end, selectors.EVENT_READ)

    def _remove_folder(self) -> None:
        if self._folder is not None:
            folders.remove(self._folder)
