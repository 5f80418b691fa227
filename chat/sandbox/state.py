"""The state of a data folder's sandbox: a file that the server that supervises it writes and every process may read.

That server has a lock as long as it runs, so that the state of one that died does not count.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, get_args

Stage = Literal["off", "preparing", "starting", "ready", "refused", "failed"]
FILE, LOCK, SOCKET, PYTHON = "state.json", "owner.lock", "broker.sock", "python"  # in the sandbox's folder
UNATTENDED = "The code interpreter is not running: no server of this data folder is."


@dataclass(frozen=True, slots=True)
class State:
    """``progress`` is from 0 to 1 while ``preparing``. ``reasons`` has for each tier "OK" or why it cannot be."""

    state: Stage
    message: str = ""
    progress: float = 0.0
    tier: str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """Why no code runs now, for people and models; empty when it does."""
        percent = int(self.progress * 100)
        return {
            "off": self.message or "The code interpreter is switched off.",
            "preparing": f"The code interpreter is being prepared ({percent} %). Try again in a few minutes.",
            "starting": "The code interpreter is starting. Try again in a moment.",
            "ready": "",
            "refused": self.message or "The code interpreter refuses to run: nothing here isolates code well enough.",
            "failed": f"The code interpreter could not be started. {self.message}".strip(),
        }[self.state]


def read_state(folder: Path) -> State:
    """Return the state of the sandbox in ``folder``."""
    state = _read_file(folder / FILE)
    if state is None:
        return State("off", UNATTENDED)
    # "Off" and "refused" hold without a server too.
    if state.state in ("off", "refused") or is_attended(folder):
        return state
    return State("off", UNATTENDED)


def write_state(folder: Path, state: State) -> None:
    """Write the file. Only the process that has the lock may."""
    draft = folder / f"{FILE}.{secrets.token_hex(4)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w") as file:
        json.dump(asdict(state), file)
    draft.replace(folder / FILE)


def attend(folder: Path) -> int | None:
    """Return the descriptor of the lock, to be closed at the end; None while another process has it."""
    return _lock(folder / LOCK, fcntl.LOCK_EX)


def is_attended(folder: Path) -> bool:
    """True if a process supervises the sandbox in ``folder``."""
    if not (folder / LOCK).exists():
        return False
    lock = _lock(folder / LOCK, fcntl.LOCK_SH)
    if lock is not None:
        os.close(lock)
    return lock is None


def _lock(path: Path, kind: int) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _read_file(path: Path) -> State | None:
    """Return None for no file, and for an unreadable one, which another version wrote."""
    try:
        state = State(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return state if state.state in get_args(Stage) else None
