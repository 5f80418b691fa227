"""The programs that make an environment: run one, and know how far it is."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from chat.sandbox.errors import Unavailable

OLDEST = (3, 11)
POLL_SECONDS = 0.2
"""How often one looks: pip tells machines nothing of its progress."""

Watch = Callable[[str], None]
"""Called again and again with all that the program has said so far."""

_FETCHING = re.compile(r"^(?:Collecting|Requirement already satisfied:) ([\w.-]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Steps:
    """How far an environment in ``folder`` is that shall have ``packages``."""

    progress: Callable[[float, str], None]
    packages: int
    folder: Path

    def beginning(self, said: str) -> None:
        self.progress(0.0, "Making the sandbox's Python.")

    def installing(self, said: str) -> None:
        if "Installing collected packages" in said:
            done = len(list(self.folder.glob("lib/python3*/site-packages/*.dist-info")))
            part = min(done / self.packages, 1.0)
            self.progress(0.45 + 0.35 * part, f"Installing the sandbox's libraries ({part:.0%}).")
        elif names := _FETCHING.findall(said):
            count = min(len(names), self.packages)
            sentence = f"Downloading the sandbox's libraries: {names[-1]} ({count} of {self.packages})."
            self.progress(0.05 + 0.4 * count / self.packages, sentence)

    def compiling(self, said: str) -> None:
        self.progress(0.8, "Compiling the sandbox's libraries.")

    def trying(self, said: str) -> None:
        self.progress(0.95, "Trying the sandbox's libraries.")


def is_suitable(python: Path) -> bool:
    """True if ``python`` is recent enough and has what makes environments, which Debian packs apart."""
    code = f"import ensurepip, sys, venv; print(sys.version_info >= {OLDEST})"
    try:
        return subprocess.run([python, "-I", "-c", code], capture_output=True, check=False).stdout == b"True\n"
    except OSError:
        return False


def run(command: Sequence[str], *, lock: int, watch: Watch) -> None:
    """Run ``command``, which inherits the descriptor ``lock``. Raises ``Unavailable`` with what it said last.

    The environment of this process passes through, so that pip finds the operator's index, proxy and certificates.
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[lock],
            umask=0o022,
        )
        try:
            while process.poll() is None:
                watch(_said(output))
                time.sleep(POLL_SECONDS)
            watch(_said(output))
        finally:
            process.kill()  # nothing, if it has ended
            process.wait()
        if process.returncode:
            raise _failure(_said(output))


def _said(output: IO[bytes]) -> str:
    return os.pread(output.fileno(), os.fstat(output.fileno()).st_size, 0).decode(errors="replace")


def _failure(said: str) -> Unavailable:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reason = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "no reason")
    return Unavailable(
        f"The sandbox's libraries could not be installed ({reason}). This machine must reach a package index: "
        "PIP_INDEX_URL names another than PyPI, HTTPS_PROXY a proxy. It is tried again at the next start."
    )
