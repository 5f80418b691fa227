"""In the server's process: has the sandbox's Python made by a child process, unless it is there."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from chat.sandbox.child_process import ChildProcess, last_line
from chat.sandbox.environment import build
from chat.sandbox.errors import SandboxUnavailable
from chat.sandbox.libraries import LibrarySet
from chat.sandbox.state import PYTHON

log = logging.getLogger(__name__)
LOG_SECONDS = 15.0  # between two lines of the log
NAMES = {"HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "NETRC", "PATH", "REQUESTS_CA_BUNDLE", "TMPDIR"}
NAMES |= {"SSL_CERT_DIR", "SSL_CERT_FILE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
FAMILIES = ("PIP_", "XDG_")
Progress = Callable[[float, str], None]


async def provide_python(folder: Path, *, base: Path | None, libraries: LibrarySet, progress: Progress) -> Path:
    """Return the Python in which cells run, made in the sandbox's ``folder`` if need be.

    ``base`` is the interpreter that it is made from. Raise ``SandboxUnavailable``.
    """
    place = (folder / PYTHON).resolve()
    if not build.is_ready(place, base=base, libraries=libraries):
        await _make(place, base=base, libraries=libraries, progress=progress)
    return build.python_in(place, base=base, libraries=libraries)


async def _make(place: Path, *, base: Path | None, libraries: LibrarySet, progress: Progress) -> None:
    log.info("the code interpreter's Python is being made; that is done once and takes a minute or two")
    progress(0.0, "")
    logged_at = time.monotonic()

    def report(line: str) -> None:
        nonlocal logged_at
        with suppress(ValueError, KeyError, TypeError):
            fields = json.loads(line)
            part, sentence = float(fields["progress"]), str(fields["message"])
            progress(part, sentence)
            if time.monotonic() - logged_at > LOG_SECONDS:
                logged_at = time.monotonic()
                log.info("the code interpreter's Python is made to %d %%: %s", part * 100, sentence)

    error_log = place.with_name(f"{place.name}.log")
    arguments = [str(place), libraries, *([str(base)] if base else [])]
    with error_log.open("wb") as errors:
        child = ChildProcess(
            Path(sys.executable),
            "chat.sandbox.environment.child",
            *arguments,
            environment=environment_for_pip(os.environ),
            errors=errors,
            on_line=report,
        )
    try:
        await child.wait()
    finally:
        await child.stop(grace=0.0)
    if not build.is_ready(place, base=base, libraries=libraries):
        raise SandboxUnavailable(last_line(error_log) or "The sandbox's Python could not be made.")
    log.info("the code interpreter's Python is made")


def environment_for_pip(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which pip finds its index and the way there; none of our secrets."""
    return {
        name: value for name, value in environment.items() if name.upper() in NAMES or name.upper().startswith(FAMILIES)
    }
