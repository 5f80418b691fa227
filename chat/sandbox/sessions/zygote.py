"""A process that has imported the heavy libraries, and forks a session in milliseconds. It runs no cells.

It forks at once for each request and goes back to listening: children lock themselves down side by side.
"""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from chat.sandbox.errors import SandboxUnavailable
from chat.sandbox.isolation.layers import SessionPlan
from chat.sandbox.libraries import PRELOAD
from chat.sandbox.sessions.zygote_process import serve

MODULE = "chat.sandbox.sessions.zygote"
NOT_STARTED = "The sandbox's Python does not start: {}"
START_SECONDS = 120.0  # from a cold disk on a busy machine; 1.6 s from a warm one

_ROOT = Path(__file__).resolve().parents[3]


class Zygote:
    """The zygote as the broker sees it. Several threads may use it at once.

    ``python``: the interpreter that cells run in. ``folder``: where its libraries keep caches; made if need be.
    ``command``: the module to run and its arguments. Raise ``SandboxUnavailable``.
    """

    def __init__(
        self,
        python: Path,
        *,
        folder: Path,
        preload: Sequence[str] = PRELOAD,
        command: Sequence[str] = (MODULE,),
    ) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._process: subprocess.Popen[bytes] = subprocess.Popen(
                    # not -I, which would not find our modules; -s and -E keep the user's packages and PYTHON* away
                    [str(python), "-E", "-s", "-B", "-m", *command, *preload],
                    cwd=_ROOT,
                    env=_environment(folder),
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )
            except OSError as error:
                self._channel.close()
                raise SandboxUnavailable(NOT_STARTED.format(error)) from error
        try:
            self._await_start()
        except SandboxUnavailable:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def spawn(self, plan: SessionPlan, *, control: socket.socket, output: int) -> socket.socket:
        """Have a session forked that answers on ``control`` and prints to ``output``. Return the socket of its life.

        That carries ``born`` with a descriptor of the process, and at its end the exit code. It closes without that if
        the zygote dies. Raise ``OSError`` if the zygote is dead already.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                descriptors = [control.fileno(), output, theirs.fileno()]
                socket.send_fds(self._channel, [json.dumps(asdict(plan)).encode()], descriptors)
            except OSError:
                ours.close()
                raise
        return ours

    def close(self) -> None:
        """End it, and every session of it."""
        self._channel.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._process.kill()
        self._process.wait()

    def _await_start(self) -> None:
        self._channel.settimeout(START_SECONDS)
        try:
            report = json.loads(self._channel.recv(1 << 16) or b'{"failed": "it ended"}')
        except TimeoutError:
            report = {"failed": "it takes too long"}
        except OSError as error:
            report = {"failed": str(error)}
        if "failed" in report:
            raise SandboxUnavailable(NOT_STARTED.format(report["failed"]))
        self._channel.settimeout(None)


def _environment(folder: Path) -> dict[str, str]:
    """Return the whole environment of the zygote."""
    # Threads of numerical libraries would keep it from forking.
    place = str(folder)
    return {
        **dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR"), place),
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
        "JE_ARROW_MALLOC_CONF": "background_thread:false",  # pandas imports pyarrow, whose allocator starts one
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
    }


if __name__ == "__main__":
    serve()
