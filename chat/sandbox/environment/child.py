"""The process that makes the Python in which cells run, out of the way of those who serve pages.

    python -E -s -B -m chat.sandbox.environment.child FOLDER [BASE]

It prints how far it is, a JSON object a line, and ends with all that it started when its standard input ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from chat.sandbox.environment import build
from chat.sandbox.errors import Unavailable

NICE = 15


def main(folder: str, base: str = "") -> None:
    os.nice(NICE)
    hold(os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        build.prepare(Path(folder), base=Path(base) if base else None, progress=tell)
    except Unavailable as refusal:
        sys.exit(refusal.message)


def hold(leash: int) -> None:
    """End our process group, which is ours alone, with the leash."""

    def wait() -> None:
        if not os.read(leash, 1):
            os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def tell(progress: float, message: str) -> None:
    sys.stdout.write(json.dumps({"progress": round(progress, 3), "message": message}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
