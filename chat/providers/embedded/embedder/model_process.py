"""The child process with the models, seen from its parent."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO

from chat.providers.embedded.embedder import frames
from chat.providers.embedded.server.supervisor import PASSED_ON, ROOT

SILENT_SECONDS = 120.0
"""The longest silence: 3 s to load the models and 0.1 s of work, on a machine where it gets a fortieth of a core."""

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""NumPy would start a thread for each core, and use none."""

_LAST_SECONDS = 5.0
"""From the end of the pipe to that of the process."""

_COMPLAINT_CHARACTERS = 300


class ModelProcessEnded(Exception):
    """The child does not answer any more; the message is its last line of errors."""


class ModelProcess:
    """A child with the models, ``model`` the English one, started at once.

    Its methods block; one thread at a time may call them.

    The child ends with this object, and with this process.
    """

    def __init__(self, model: Path) -> None:
        self._owner = os.getpid()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 -- it lives as long as the child
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chat.providers.embedded.embedder.child", str(model)],
            cwd=ROOT,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ} | _ONE_THREAD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            # So that Ctrl-C in our terminal ends it through us.
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.end = weakref.finalize(self, _end, self._process, self._errors, self._owner)

    def ask(self, asked: frames.EmbeddingInput) -> bytes:
        """Return the two vectors. Raise ``ModelProcessEnded`` from the first failure on."""
        # After a fork, two processes that ask on one pipe would get each other's answers.
        if os.getpid() != self._owner:
            raise ModelProcessEnded("it belongs to another process.")
        assert self._process.stdin
        try:
            os.write(self._process.stdin.fileno(), frames.encode(asked))
        except BrokenPipeError:
            raise ModelProcessEnded(self._complaint()) from None
        assert self._process.stdout
        stdout = self._process.stdout.fileno()
        ready = select.poll()
        ready.register(stdout, select.POLLIN)
        deadline = time.monotonic() + SILENT_SECONDS
        answer = b""
        while len(answer) < frames.ANSWER_BYTES:
            if not ready.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise ModelProcessEnded(f"it said nothing for {SILENT_SECONDS:.0f} seconds.")
            block = os.read(stdout, frames.ANSWER_BYTES - len(answer))
            if not block:
                raise ModelProcessEnded(self._complaint())
            answer += block
        return answer

    def _complaint(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_SECONDS)
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:_COMPLAINT_CHARACTERS] if lines else f"it ended with code {self._process.returncode}."


def _end(process: subprocess.Popen[bytes], errors: IO[bytes], owner: int) -> None:
    # Only the process that started the child ends it: one that was forked since only closes the pipes.
    assert process.stdin
    assert process.stdout
    if os.getpid() == owner:
        process.kill()
        process.wait()
    process.stdin.close()
    process.stdout.close()
    errors.close()
