"""A child process that ends when its standard input does, so whenever we end."""

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


class ChildProcess:
    """``python -E -s -B -m <module> <arguments>`` in the project's folder. Belongs to the running event loop.

    ``on_line`` is called in the loop with each line of its output; ``errors`` is its standard error.
    """

    def __init__(
        self,
        python: Path,
        module: str,
        *arguments: str,
        environment: Mapping[str, str],
        errors: IO[bytes],
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        command: Sequence[str] = [str(python), "-E", "-s", "-B", "-m", module, *arguments]
        self._loop, self._on_line = asyncio.get_running_loop(), on_line
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self._process: subprocess.Popen[str] = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if on_line else subprocess.DEVNULL,
            stderr=errors,
            text=True,
            errors="replace",
            # So that Ctrl-C in our terminal does not end it while runs are finishing.
            start_new_session=True,
        )
        self.pid = self._process.pid
        threading.Thread(target=self._wait, name=f"wait for {module}", daemon=True).start()

    async def wait(self) -> int:
        """Return its exit code once it ends. May be cancelled, and awaited by several tasks."""
        return await asyncio.shield(self.ended)

    async def stop(self, *, grace: float) -> None:
        """Close its standard input, and kill it if it still runs after ``grace`` seconds."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        await asyncio.wait({self.ended}, timeout=grace)
        if not self.ended.done():
            self.kill()
        await asyncio.wait({self.ended})

    def kill(self) -> None:
        """Kill it and the processes of its group, which is its own."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _wait(self) -> None:
        for line in self._process.stdout or ():
            self._call_in_loop(self._on_line, line)
        code = self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._call_in_loop(self._finish, code)

    def _finish(self, code: int) -> None:
        if not self.ended.done():
            self.ended.set_result(code)

    def _call_in_loop(self, function: Callable[[Any], None] | None, argument: str | int) -> None:
        if function is not None:
            # The loop is closed: nobody waits any longer.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(function, argument)


def last_line(log: Path) -> str:
    """Return the last line of a child's standard error: the error, when it ended with one."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:500] if lines else ""
