"""A process on a leash: it ends when its standard input does, so when we die in whatever way."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]


class Child:
    """``python -E -s -B -m <module> <arguments>`` in the project's folder. Belongs to the running event loop.

    ``line`` gets what it prints, in the loop; ``errors`` what it complains of.
    """

    def __init__(
        self,
        python: Path,
        module: str,
        *arguments: str,
        environment: Mapping[str, str],
        errors: IO[bytes],
        line: Callable[[str], None] | None = None,
    ) -> None:
        command: Sequence[str] = [str(python), "-E", "-s", "-B", "-m", module, *arguments]
        self._loop, self._line = asyncio.get_running_loop(), line
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self._process: subprocess.Popen[str] = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if line else subprocess.DEVNULL,
            stderr=errors,
            text=True,
            errors="replace",
            start_new_session=True,  # so that Ctrl-C in our terminal does not end it while runs are finishing
        )
        self.pid = self._process.pid
        threading.Thread(target=self._wait, name=f"wait for {module}", daemon=True).start()

    async def wait(self) -> int:
        """Until it ends; its exit code. May be cancelled, and awaited by several."""
        return await asyncio.shield(self.ended)

    async def stop(self, *, grace: float) -> None:
        """Let the leash go, and kill it if it is still there after ``grace`` seconds."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        await asyncio.wait({self.ended}, timeout=grace)
        if not self.ended.done():
            self.kill()
        await asyncio.wait({self.ended})

    def kill(self) -> None:
        """It and those of its group, which is its own."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _wait(self) -> None:
        for line in self._process.stdout or ():
            self._tell(self._line, line)
        code = self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._tell(self._finish, code)

    def _finish(self, code: int) -> None:
        if not self.ended.done():
            self.ended.set_result(code)

    def _tell(self, hear: Callable[[Any], None] | None, what: str | int) -> None:
        if hear is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any longer
                self._loop.call_soon_threadsafe(hear, what)


def last_line(log: Path) -> str:
    """Of what a child complained of: the error, when it ended with one."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:500] if lines else ""
