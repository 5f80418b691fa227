"""Runs the programs that make an environment, and reports their progress."""

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

from chat.sandbox.errors import SandboxUnavailable

OLDEST = (3, 11)
POLL_SECONDS = 0.2
"""Between two looks at the output: pip reports no progress to programs."""

Watch = Callable[[str], None]
"""Called again and again with the whole output of the program so far."""

_FETCHING = re.compile(r"^(?:Collecting|Requirement already satisfied:) ([\w.-]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class InstallProgress:
    """Reports the progress of an environment in ``folder`` that gets about so many ``packages``.

    Each method is the ``Watch`` of one program.
    """

    progress: Callable[[float, str], None]
    packages: int
    folder: Path

    def beginning(self, output: str) -> None:
        self.progress(0.0, "Making the sandbox's Python.")

    def installing(self, output: str) -> None:
        if "Installing collected packages" in output:
            done = len(list(self.folder.glob("lib/python3*/site-packages/*.dist-info")))
            part = min(done / self.packages, 1.0)
            self.progress(0.45 + 0.35 * part, f"Installing the sandbox's libraries ({part:.0%}).")
        elif names := _FETCHING.findall(output):
            count = min(len(names), self.packages)
            sentence = f"Downloading the sandbox's libraries: {names[-1]} ({count} of {self.packages})."
            self.progress(0.05 + 0.4 * count / self.packages, sentence)

    def compiling(self, output: str) -> None:
        self.progress(0.8, "Compiling the sandbox's libraries.")

    def trying(self, output: str) -> None:
        self.progress(0.95, "Trying the sandbox's libraries.")


def is_suitable(python: Path) -> bool:
    """True if ``python`` is recent enough and can make environments."""
    # Debian has ``ensurepip`` and ``venv`` in a package of their own.
    code = f"import ensurepip, sys, venv; print(sys.version_info >= {OLDEST})"
    try:
        return subprocess.run([python, "-I", "-c", code], capture_output=True, check=False).stdout == b"True\n"
    except OSError:
        return False


def run_program(command: Sequence[str], *, lock: int, watch: Watch) -> None:
    """Run ``command``, which inherits the descriptor ``lock``. Raise ``SandboxUnavailable`` with its last error."""
    # It inherits our environment variables too, so that pip finds the operator's index, proxy and certificates.
    with tempfile.TemporaryFile() as file:
        process = subprocess.Popen(
            command,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            pass_fds=[lock],
            umask=0o022,
        )
        try:
            while process.poll() is None:
                watch(_read_output(file))
                time.sleep(POLL_SECONDS)
            watch(_read_output(file))
        finally:
            # This does nothing if it has ended.
            process.kill()
            process.wait()
        if process.returncode:
            raise _failure(_read_output(file))


def _read_output(file: IO[bytes]) -> str:
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")


def _failure(output: str) -> SandboxUnavailable:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    reason = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "no reason")
    return SandboxUnavailable(
        f"The sandbox's libraries could not be installed ({reason}). This machine must reach a package index: "
        "PIP_INDEX_URL names another than PyPI, HTTPS_PROXY a proxy. It is tried again at the next start."
    )
