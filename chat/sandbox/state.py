"""How the sandbox of a data folder stands, in a file that any process of the machine may read.

The server that supervises it writes the file and holds a lock as long as it does, so that what a dead one wrote is not
taken for true.
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


def state(folder: Path) -> State:
    """How the sandbox in ``folder`` stands. What holds without a server (off, refused) stays when that ended."""
    found = _read(folder / FILE)
    if found is None:
        return State("off", UNATTENDED)
    if found.state in ("off", "refused") or is_attended(folder):
        return found
    return State("off", UNATTENDED)


def write(folder: Path, state: State) -> None:
    """For whoever holds the lock."""
    draft = folder / f"{FILE}.{secrets.token_hex(4)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w") as file:
        json.dump(asdict(state), file)
    draft.replace(folder / FILE)


def attend(folder: Path) -> int | None:
    """The descriptor of the lock, to be closed when one supervises no more; None while somebody else does."""
    return _lock(folder / LOCK, fcntl.LOCK_EX)


def is_attended(folder: Path) -> bool:
    if not (folder / LOCK).exists():
        return False
    taken = _lock(folder / LOCK, fcntl.LOCK_SH)
    if taken is not None:
        os.close(taken)
    return taken is None


def _lock(path: Path, kind: int) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _read(path: Path) -> State | None:
    """None when there is none, or an unreadable one of another version."""
    try:
        found = State(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.state in get_args(Stage) else None
