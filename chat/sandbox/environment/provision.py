"""In the server's process: the sandbox's Python, made by a child if it is not there."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from chat.sandbox.child_process import Child, last_line
from chat.sandbox.environment import build
from chat.sandbox.errors import Unavailable
from chat.sandbox.state import PYTHON

log = logging.getLogger(__name__)
TOLD = 15.0  # seconds between two lines of the log
NAMES = {"HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "NETRC", "PATH", "REQUESTS_CA_BUNDLE", "TMPDIR"}
NAMES |= {"SSL_CERT_DIR", "SSL_CERT_FILE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
FAMILIES = ("PIP_", "XDG_")
Progress = Callable[[float, str], None]


async def provided(folder: Path, *, base: Path | None, progress: Progress) -> Path:
    """The Python in which cells run, in ``folder`` of the sandbox; made from ``base``. Raises ``Unavailable``."""
    place = (folder / PYTHON).resolve()
    if not build.is_ready(place, base=base):
        await _make(place, base=base, progress=progress)
    return build.python_of(place, base=base)


async def _make(place: Path, *, base: Path | None, progress: Progress) -> None:
    log.info("the code interpreter's Python is being made; that is done once and takes a minute or two")
    progress(0.0, "")
    told_at = time.monotonic()

    def hear(line: str) -> None:
        nonlocal told_at
        with suppress(ValueError, KeyError, TypeError):
            told = json.loads(line)
            part, what = float(told["progress"]), str(told["message"])
            progress(part, what)
            if time.monotonic() - told_at > TOLD:
                told_at = time.monotonic()
                log.info("the code interpreter's Python is made to %d %%: %s", part * 100, what)

    complaints = place.with_name(f"{place.name}.log")
    arguments = [str(place), *([str(base)] if base else [])]
    with complaints.open("wb") as errors:
        child = Child(
            Path(sys.executable),
            "chat.sandbox.environment.child",
            *arguments,
            environment=passed_on(os.environ),
            errors=errors,
            line=hear,
        )
    try:
        await child.wait()
    finally:
        await child.stop(grace=0.0)
    if not build.is_ready(place, base=base):
        raise Unavailable(last_line(complaints) or "The sandbox's Python could not be made.")
    log.info("the code interpreter's Python is made")


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """What tells pip where to look and how to get there; none of our secrets."""
    return {
        name: value for name, value in environment.items() if name.upper() in NAMES or name.upper().startswith(FAMILIES)
    }
