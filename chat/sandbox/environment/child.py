"""The process that makes the Python in which cells run, at a low priority.

    python -E -s -B -m chat.sandbox.environment.child FOLDER LIBRARIES [BASE]

It prints its progress, a JSON object a line, and ends with all that it started when its standard input ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from chat.sandbox.environment import build
from chat.sandbox.errors import SandboxUnavailable
from chat.sandbox.libraries import LibrarySet

NICE = 15


def main(folder: str, libraries: LibrarySet, base: str = "") -> None:
    os.nice(NICE)
    end_with_parent(os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        interpreter = Path(base) if base else None
        build.prepare(Path(folder), base=interpreter, libraries=libraries, progress=print_progress)
    except SandboxUnavailable as refusal:
        sys.exit(refusal.message)


def end_with_parent(pipe: int) -> None:
    """End our process group, which is ours alone, when the pipe from our parent ends."""

    def wait() -> None:
        if not os.read(pipe, 1):
            os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def print_progress(progress: float, message: str) -> None:
    sys.stdout.write(json.dumps({"progress": round(progress, 3), "message": message}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]  # by provision
